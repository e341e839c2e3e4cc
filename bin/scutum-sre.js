#!/bin/sh
':' //; exec node -- "$0" "$@" # Without `--` Node.js takes --env-file for its own, wherever it stands.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  console.error(`scutum-sre needs Node.js 22.12 or newer; this is ${process.version}.`);
  process.exit(2);
}
void import('../dist/main.js').then((program) => program.main());
