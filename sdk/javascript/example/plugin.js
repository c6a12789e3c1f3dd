// Acme, with `fetch`. What it sends goes through the same gate as the SDK's own requests: to the manifest's origins, the key at
// its place.
import { failure, secret, unexpected } from '../template/claviger.js';
import description from './manifest.json';

export const manifest = {
  describe: () => JSON.stringify(description),
};

export const validation = {
  async validate(context, credential) {
    // A stand-in: a random word, good for this call. The host puts the key in its place as the request leaves.
    const key = secret(credential, 'api_key');
    const answer = await ask('https://api.acme.example/v1/me', { headers: { authorization: `Bearer ${key}` } });
    switch (answer.status) {
      case 200:
        return report(await read(answer));
      case 401:
        throw failure('rejected', 'Acme says that the key is not valid');
      default:
        throw unexpected(answer.status, answer.headers.get('retry-after'), context);
    }
  },
};

async function ask(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    throw failure('unreachable', `Acme gave no answer: ${error.message}`);
  }
}

async function read(answer) {
  try {
    return await answer.json();
  } catch (error) {
    throw failure('unreachable', `Acme's answer can't be read: ${error.message}`);
  }
}

function report({ account, scopes, expires_at: ends }) {
  return {
    account: account.name,
    expiresAtMs: ends && BigInt(Date.parse(ends)),
    scopes,
    details: [],
  };
}
