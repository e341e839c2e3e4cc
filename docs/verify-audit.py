#!/usr/bin/env python3
"""Verifies an audit trail exported by `scutum-sre export-audit --csv`, without scutum-sre.

    python3 verify-audit.py trail.csv [--head SIZE:ROW_HASH]

Standard library only. Prints the head and exits 0, or names the first bad record and exits 20; 2 is wrong usage.
--head is a head noted earlier (from a notification, an approval, an older export): only it can show a cut tail.
"""
import csv
import hashlib
import json
import re
import sys

COLUMNS = ["seq", "at", "source", "kind", "incident_id", "remediation_id", "execution_id", "actor",
           "entry", "leaf_hash", "prev_hash", "row_hash"]
DESCRIPTIVE = COLUMNS[1:8]
FORMULA = re.compile(r"[\s\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r]")
HASH = re.compile(r"[0-9a-f]{64}")


class Bad(Exception):
    """The first record that does not hold."""


def expect(what, expected, found):
    if expected != found:
        raise Bad(f"{what}: expected {expected!r}, found {found!r}")


def unique(pairs):
    expect("different keys in an object of the entry", len(pairs), len(dict(pairs)))
    return dict(pairs)


def check_columns(row):
    try:
        entry = json.loads(row["entry"], object_pairs_hook=unique)
    except (ValueError, RecursionError):
        raise Bad("the entry is not JSON") from None
    for name in DESCRIPTIVE:
        value = entry.get(name) if isinstance(entry, dict) else None
        if not isinstance(value, str):
            raise Bad(f"the entry has no {name}")
        if not (FORMULA.match(value) and row[name] == "'" + value):
            expect(f"column {name}", value, row[name])


def check_row(row, size, head):
    expect("seq", str(size), row["seq"])
    expect("prev_hash", head, row["prev_hash"])
    if row["entry"]:
        expect("leaf_hash", hashlib.sha256(b"\x00" + row["entry"].encode("utf-8")).hexdigest(), row["leaf_hash"])
        check_columns(row)
    else:
        for name in DESCRIPTIVE:
            expect(f"column {name} of an omitted row", "", row[name])
        expect("leaf_hash is a SHA-256", True, bool(HASH.fullmatch(row["leaf_hash"])))
    link = bytes.fromhex(head) + size.to_bytes(8, "big") + bytes.fromhex(row["leaf_hash"])
    expect("row_hash", hashlib.sha256(b"scutum-sre-row-v1\x00" + link).hexdigest(), row["row_hash"])


def verify(path, anchor):
    size, head = 0, "0" * 64
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            expect("header", COLUMNS, next(reader, []))
            for cells in reader:
                expect("number of cells", len(COLUMNS), len(cells))
                row = dict(zip(COLUMNS, cells))
                check_row(row, size, head)
                size, head = size + 1, row["row_hash"]
                if anchor and anchor[0] == size:
                    expect("noted head", anchor[1], head)
            if anchor and anchor[0] > size:
                raise Bad(f"rows are missing at the end: expected {anchor[0]}, found {size}")
        except (Bad, csv.Error, UnicodeError) as problem:
            print(f"record {size} (line {reader.line_num}): {problem}")
            return 20
    print(f"intact: {size} rows, head {size}:{head}")
    return 0


def main(arguments):
    csv.field_size_limit(10_000_000)
    head = re.fullmatch(r"--head ([0-9]+):([0-9a-f]{64})", " ".join(arguments[1:]))
    if len(arguments) != 1 and head is None:
        print(__doc__, file=sys.stderr)
        return 2
    return verify(arguments[0], (int(head[1]), head[2]) if head else None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
