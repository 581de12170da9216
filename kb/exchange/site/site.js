// The pages work without it; with it there is a choice of language, a search, copying, and questions that answer.
"use strict";
(() => {
  const root = document.documentElement;
  const languages = root.dataset.languages.split(" ");
  const words = JSON.parse(document.getElementById("words").textContent);

  // Language: the reader's own choice, else the browser's, else the deck's first.
  const stored = (() => { try { return localStorage.getItem("kb-language"); } catch { return null; } })();
  const wished = [stored, ...(navigator.languages || [])].filter(Boolean).map((one) => one.slice(0, 2).toLowerCase());
  let language = wished.find((one) => languages.includes(one)) || languages[0];
  const say = (name) => (words[language] || words[languages[0]])[name];

  function speak(chosen) {
    language = chosen;
    root.lang = chosen;
    for (const part of document.querySelectorAll("[data-language]")) part.hidden = part.dataset.language !== chosen;
    for (const button of document.querySelectorAll(".languages button")) button.setAttribute("aria-pressed", String(button.value === chosen));
    for (const part of document.querySelectorAll("[data-say]")) part.textContent = say(part.dataset.say);
    const field = document.getElementById("search");
    field.placeholder = say("search");
    field.setAttribute("aria-label", say("search"));
    const title = document.querySelector(`h1 [data-language="${chosen}"]`);
    if (title) document.title = title.textContent;
  }
  for (const button of document.querySelectorAll(".languages button")) {
    button.addEventListener("click", () => {
      try { localStorage.setItem("kb-language", button.value); } catch { /* a page from the disk may keep nothing */ }
      speak(button.value);
      find();
    });
  }

  // Copying
  for (const block of document.querySelectorAll(".code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.dataset.say = "copy";
    button.addEventListener("click", async () => {
      const text = block.querySelector("pre").textContent;
      try { await navigator.clipboard.writeText(text); } catch {
        const area = document.createElement("textarea");
        area.value = text;
        document.body.append(area);
        area.select();
        document.execCommand("copy");
        area.remove();
      }
      button.textContent = say("copied");
      setTimeout(() => { button.textContent = say("copy"); }, 1500);
    });
    block.append(button);
  }

  // Search: the words are cut as kb cuts them; what a written word is cut into was written down when the site was made.
  const shards = new Map();
  const shelves = new Map();
  const waiting = new Map();
  const hashed = (text) => {
    let value = 2166136261;
    for (const char of text) { value ^= char.codePointAt(0); value = Math.imul(value, 16777619) >>> 0; }
    return value;
  };
  window.kbShard = (number, shard) => { shards.set(number, JSON.parse(shard)); };
  window.kbEntries = (number, list) => { shelves.set(number, JSON.parse(list)); };
  function load(file) {
    if (!waiting.has(file)) {
      waiting.set(file, new Promise((done) => {
        const script = document.createElement("script");
        script.src = file;
        script.onload = script.onerror = done;
        document.head.append(script);
      }));
    }
    return waiting.get(file);
  }
  const shardOf = (word) => hashed(word) % root.dataset.shards;
  const loadWord = (word) => load(`search-${shardOf(word)}.js`);
  async function look(word, part) {
    await loadWord(word);
    const shard = shards.get(shardOf(word));
    return shard && Object.hasOwn(shard[part], word) ? shard[part][word] : null;
  }
  // A form that stands nowhere in the deck (attentions) finds what its kin find.
  const ENDINGS = ["s", "es", "ed", "d", "ing", "er", "ers", "ly", "ation", "ations", "ment", "al"];
  async function tokensOf(word) {
    const known = await look(word, "forms");
    if (known || await look(word, "postings") || !/^[a-z]{5,}$/.test(word)) return known || [word];
    for (const ending of ENDINGS) {
      if (!word.endsWith(ending) || word.length - ending.length < 3) continue;
      const base = word.slice(0, -ending.length);
      for (const kin of [base, `${base}e`, base.replace(/(.)\1$/, "$1")]) {
        const found = await look(kin, "forms");
        if (found) return found;
        if (await look(kin, "postings")) return [kin];
      }
    }
    return [word];
  }
  const isHan = (char) => /\p{Script=Han}/u.test(char);
  function pieces(text) {
    const found = [];
    for (const [run] of text.normalize("NFKC").matchAll(/[\p{L}\p{N}\p{M}_]+(?:\.[\p{L}\p{N}\p{M}_]+)*/gu)) {
      let part = "";
      const put = () => {
        const bare = part.replace(/^\.+|\.+$/g, "");
        if (!bare) return;
        if (!isHan([...bare][0])) { found.push(bare.toLowerCase()); return; }
        const chars = [...bare];
        if (chars.length === 1) found.push(bare);
        for (let at = 0; at + 1 < chars.length; at += 1) found.push(chars[at] + chars[at + 1]);
      };
      for (const char of run) {
        if (part && isHan(char) !== isHan([...part].at(-1))) { put(); part = ""; }
        part += char;
      }
      put();
    }
    return [...new Set(found)].slice(0, 24);
  }
  // The highest scores, each with its place, the highest first.
  function best10(scores) {
    const found = [];
    scores.forEach((score, at) => {
      if (!score || (found.length === 10 && score <= found[9][1])) return;
      let place = found.length;
      while (place && found[place - 1][1] < score) place -= 1;
      found.splice(place, 0, [at, score]);
      found.length = Math.min(found.length, 10);
    });
    return found;
  }
  let asked = 0;
  async function find() {
    const field = document.getElementById("search");
    const list = document.getElementById("found");
    const status = document.getElementById("status");
    const turn = ++asked;
    const query = pieces(field.value);
    if (!query.length) { list.replaceChildren(); status.textContent = ""; return; }
    const start = performance.now();
    const scores = new Float64Array(root.dataset.entries);
    await Promise.all(query.map(loadWord));
    const cut = await Promise.all(query.map(tokensOf));
    await Promise.all(cut.flat().map(loadWord));
    for (const tokens of cut) {
      const best = new Map();
      for (const token of tokens) {
        const postings = await look(token, "postings");
        if (!postings) continue;
        const rare = Math.log(1 + scores.length / (postings.length / 2));
        for (let at = 0; at < postings.length; at += 2) {
          const score = rare * postings[at + 1];
          if (score > (best.get(postings[at]) || 0)) best.set(postings[at], score);
        }
      }
      for (const [at, score] of best) scores[at] += score;
    }
    const hits = best10(scores);
    const shelfOf = (at) => Math.floor(at / root.dataset.shelf);
    await Promise.all(hits.map(([at]) => load(`entries-${shelfOf(at)}.js`)));
    if (turn !== asked) return;
    list.replaceChildren(...hits.filter(([at]) => shelves.has(shelfOf(at))).map(([at]) => {
      const [number, file, titles, gists] = shelves.get(shelfOf(at))[at % root.dataset.shelf];
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = file;
      link.textContent = `${number} · ${titles[language] || Object.values(titles)[0]}`;
      const gist = document.createElement("small");
      gist.textContent = gists[language] || Object.values(gists)[0] || "";
      link.append(gist);
      item.append(link);
      return item;
    }));
    status.textContent = hits.length ? say("hits").replace("{count}", hits.length) : say("none");
    root.dataset.took = String(performance.now() - start);
  }
  const field = document.getElementById("search");
  let timer = 0;
  field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(find, 60); });
  field.form.addEventListener("submit", (event) => {
    event.preventDefault();
    const first = document.querySelector("#found a");
    if (first) first.click(); else find();
  });
  field.form.addEventListener("keydown", (event) => {
    const links = [...document.querySelectorAll("#found a")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "Escape") { field.value = ""; find(); field.focus(); }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const next = at + (event.key === "ArrowDown" ? 1 : -1);
    (next < 0 ? field : links[Math.min(next, links.length - 1)] || field).focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) { event.preventDefault(); field.focus(); }
  });

  // Questions
  const plain = (text) => text.trim().replace(/^torch\.Size\(\[(.*)\]\)$/, "($1)").replace(/[[\]]/g, (mark) => (mark === "[" ? "(" : ")"))
    .replace(/[“”"']/g, "").replace(/，/g, ",").replace(/（/g, "(").replace(/）/g, ")").replace(/\s+/g, "").replace(/,\)/g, ")").toLowerCase();
  const numbers = (text) => (/^[-+]?[\d.]+(e[-+]?\d+)?$/i.test(text) ? Number(text) : null);
  const same = (given, key) => {
    const left = plain(given).split(/([(),:])/).filter(Boolean);
    const right = plain(key).split(/([(),:])/).filter(Boolean);
    return left.length === right.length && left.every((part, at) => part === right[at] || (numbers(part) !== null && numbers(part) === numbers(right[at])));
  };
  for (const item of document.querySelectorAll(".item form")) {
    item.hidden = false;
    item.addEventListener("submit", (event) => {
      event.preventDefault();
      const typed = item.querySelector('input[type="text"]');
      const boxes = [...item.querySelectorAll('input[type="radio"], input[type="checkbox"]')];
      if (typed ? !typed.value.trim() : !boxes.some((box) => box.checked)) return;
      const isRight = typed ? same(typed.value, item.dataset.key) : boxes.every((box) => box.checked === (box.value === "1"));
      const told = item.querySelector("output");
      told.textContent = say(isRight ? "right" : "wrong");
      told.className = isRight ? "right" : "wrong";
      for (const box of boxes) box.closest("label").classList.toggle("right", box.value === "1");
      item.parentElement.querySelector("details").open = true;
    });
  }
  speak(language);
  if (field.value) find();
})();
