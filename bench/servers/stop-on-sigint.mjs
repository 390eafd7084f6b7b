// A profile is written when the process ends in order.
process.on('SIGINT', () => process.exit(0));
