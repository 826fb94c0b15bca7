"use strict";
(() => {
  document.body.classList.add("js");
  const rows = [...document.querySelectorAll("#points tbody tr")];
  if (!rows.length) return;
  const marks = [...document.querySelectorAll(".mark")];
  const articles = [...document.querySelectorAll("#plans article")];
  const inputs = [...document.querySelectorAll(".asked input")];
  const found = document.getElementById("found");
  const values = rows.map((row) => row.dataset.v.split(" ").map(Number));
  let chosen = 0;
  const kept = (n) =>
    inputs.every((input) => {
      if (input.value === "") return true;
      const limit = Number(input.value), value = values[n][Number(input.dataset.n)];
      return input.dataset.rising ? value >= limit : value <= limit;
    });
  const choose = (n) => {
    chosen = n;
    articles.forEach((own, i) => { own.hidden = i !== n; });
    rows.forEach((own, i) => own.classList.toggle("on", i === n));
    marks.forEach((own) => own.classList.toggle("on", Number(own.dataset.i) === n));
  };
  const limit = () => {
    const within = rows.map((_, i) => kept(i));
    rows.forEach((own, i) => own.classList.toggle("out", !within[i]));
    marks.forEach((own) => own.classList.toggle("out", !within[Number(own.dataset.i)]));
    const sign = inputs[0].dataset.rising ? -1 : 1;
    let best = -1;
    within.forEach((keeps, i) => {
      if (keeps && (best < 0 || sign * values[i][0] < sign * values[best][0])) best = i;
    });
    const asked = inputs.some((input) => input.value !== "");
    found.textContent = !asked ? "" : best < 0 ? "No plan of the front keeps that." : `Best in the first objective: plan ${best + 1}`;
    if (best >= 0) choose(best);
  };
  inputs.forEach((input) => input.addEventListener("input", limit));
  const form = document.querySelector(".asked");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(limit));
  [...rows, ...marks].forEach((own) =>
    own.addEventListener("click", (event) => { event.preventDefault(); choose(Number(own.dataset.i)); }));
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, button, .scroll") || event.ctrlKey || event.altKey || event.metaKey) return;
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    choose(Math.min(Math.max(chosen + step, 0), rows.length - 1));
  });
  choose(0);
})();
