#!/usr/bin/env node
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  console.error(`scutum-sre needs Node.js 22.12 or newer; this is ${process.version}.`);
  process.exit(2);
}
void import('../dist/main.js').then((program) => program.main());
