// SPDX-License-Identifier: ISC
//
// Usage: node verify.js <CASES
//
// What npm's standardwebhooks says to deliveries.  Each line of input is an
// object with the secret, the headers, the body in base64 and the clock's
// time; each line of output is 0 for one that is genuine, 1 for one that is
// not, or what else went wrong.

const { readFileSync } = require("node:fs");
const { Webhook, WebhookVerificationError } = require("standardwebhooks");

let now = 0;
Date.now = () => now * 1000;

for (const line of readFileSync(0, "utf8").split("\n")) {
	if (line === "")
		continue;
	const one = JSON.parse(line);
	now = one.now;
	try {
		new Webhook(one.secret).verify(
			Buffer.from(one.body, "base64"), one.headers);
		console.log("0");
	} catch (error) {
		console.log(error instanceof WebhookVerificationError ?
			"1" : String(error));
	}
}
