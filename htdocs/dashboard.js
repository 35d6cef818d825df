/* SPDX-License-Identifier: ISC */

/*
 * Comfort for pages of the dashboard, which all work without it.
 *
 *   <button class="copy" data-copy="ID">   copies the text of #ID
 *   <form data-price="MICRO">   shows in [data-total] what
 *       the form's [name=quantity] pieces cost, at MICRO millionths of the
 *       currency for 1000; data-package: for one
 *   <form data-lines>   shows in [data-count] how many lines its text has
 *   <form data-confirm="TEXT">   asks before it is sent
 */
"use strict";

document.documentElement.classList.add("scripted");

for (const button of document.querySelectorAll("button[data-copy]")) {
	const label = button.textContent;
	const source = document.getElementById(button.dataset.copy);

	if (!source || !navigator.clipboard) {
		button.hidden = true;
		continue;
	}
	button.addEventListener("click", async () => {
		try {
			await navigator.clipboard.writeText(
				source.value || source.textContent.trim());
			button.textContent = "Copied";
		} catch {
			button.textContent = "Not copied";
		}
		setTimeout(() => { button.textContent = label; }, 2000);
	});
}

/* What the server will charge, as it counts: in whole billionths. */
const price = (micro, quantity, isPackage) =>
	BigInt(micro) * BigInt(quantity) * (isPackage ? 1000n : 1n);

const amount = (nano) => {
	const digits = nano.toString().padStart(10, "0");
	const whole = digits.slice(0, -9);
	const rest = digits.slice(-9).replace(/0{1,7}$/, "");

	return whole + "." + rest;
};

for (const form of document.querySelectorAll("form[data-price]")) {
	const quantity = form.querySelector("[name=quantity]");
	const total = form.querySelector("[data-total]");
	const show = () => {
		const n = quantity ? quantity.value.trim() : "1";

		total.textContent = /^[0-9]{1,12}$/.test(n) ?
			amount(price(form.dataset.price, n,
				"package" in form.dataset)) : "-";
	};

	if (!total)
		continue;
	if (quantity)
		quantity.addEventListener("input", show);
	show();
}

for (const form of document.querySelectorAll("form[data-lines]")) {
	const text = form.querySelector("textarea");
	const count = form.querySelector("[data-count]");
	const show = () => {
		count.textContent = text.value.split("\n")
			.filter((line) => line.trim() !== "").length;
	};

	if (!text || !count)
		continue;
	text.addEventListener("input", show);
	show();
}

for (const form of document.querySelectorAll("form[data-confirm]"))
	form.addEventListener("submit", (event) => {
		if (!window.confirm(form.dataset.confirm))
			event.preventDefault();
	});

/* A form that was sent is not sent again by a second click. */
for (const form of document.querySelectorAll("form[method=post]"))
	form.addEventListener("submit", (event) => {
		if (event.defaultPrevented)
			return;
		setTimeout(() => {
			for (const button of form.querySelectorAll("button"))
				button.disabled = true;
		}, 0);
	});

/* Back in the browser's history all is as it was. */
window.addEventListener("pageshow", () => {
	for (const button of document.querySelectorAll("form button"))
		button.disabled = false;
});
