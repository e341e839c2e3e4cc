#!/usr/bin/env node
var version = process.versions.node.split('.').map(Number);
if (version[0] < 22 || (version[0] === 22 && version[1] < 12)) {
  console.error('scutum-sre needs Node.js 22.12 or newer; this is ' + process.version + '.');
  process.exit(2);
}
import('../dist/main.js').then((program) => program.main());
