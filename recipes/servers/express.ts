// Express: the gateway below /kite, beside routes of your own. It reads bodies itself, also after express.json().
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import express from 'express';
import { gateway, port, serverOptions, stopWith } from './gateway.ts';

const app = express();
app.use('/kite', gateway);
app.get('/', (_request, response) => void response.send('a page of your own'));

// app.listen() has no options of the server.
const server = createServer(serverOptions, app);
server.listen(port, 'localhost', () => console.log('listening'));
stopWith(promisify(server.close.bind(server)));
