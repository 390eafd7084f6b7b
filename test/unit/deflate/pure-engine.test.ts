import { createPureEngine } from '../../../src/deflate/pure-engine.ts';
import { engineContract } from '../../support/deflate-contract.ts';

engineContract(createPureEngine());
