/**
 * Runs the cases about the name that a TLS client asks for. Arguments: the port of a server that answers with the name that it was
 * asked for; the authority that signed its certificates.
 *
 * @module
 */
import process from 'node:process';
import { SNI_CASES } from '../cases/sni.ts';
import { report } from './report.ts';
import { connect } from './sansocket.ts';

const [port = '', ca = ''] = process.argv.slice(2);

await report(SNI_CASES, { connect, port: Number(port), ca });
