"use strict";
// Tags every word of a sentence.

/** What a tagger reads of some words. */
function taggingCodes(task, words) {
  const codes = (names) => new Map(names.map((name, code) => [name, code]));
  const [vocabulary, alphabet] = [codes(task.vocabulary), codes(task.alphabet)];
  const spell = (word) => {
    const all = Array.from(word);
    const begin = Math.floor(task.longest / 2);
    const kept = [...all.slice(0, begin), ...all.slice(begin + Math.max(all.length - task.longest, 0))];
    return kept.map((symbol) => alphabet.get(symbol) ?? 0);
  };
  return {
    words: words.map((word) => vocabulary.get(task.lowercase ? word.toLowerCase() : word) ?? 0),
    characters: words.map(spell),
  };
}

/** For every word {word, tag, share, known}: the likeliest tag and its probability. */
function taggingAnswers(task, model, text) {
  const words = text.split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const read = taggingCodes(task, words);
  return model.run(read).outputs.map((logits, t) => {
    const best = argmax(logits);
    return { word: words[t], tag: task.tags[best], share: softmax(logits)[best], known: read.words[t] > 0 };
  });
}

demos.tagging = (root, task, [model]) => {
  const input = element("textarea", { value: task.examples[0] ?? "", rows: 2, spellcheck: false });
  const out = element("div", { className: "tagged", ariaLive: "polite" });
  const kinds = [...new Set(task.tags.map((tag) => tag.replace(/^[BILUSE]-/, "")))];
  const answer = () => {
    const words = taggingAnswers(task, model, input.value).map(({ word, tag, share, known }) => {
      const hue = (360 * kinds.indexOf(tag.replace(/^[BILUSE]-/, ""))) / kinds.length;
      const told = `${tag}, ${percent(share)}${known ? "" : ", a word that training lacked or hardly had"}`;
      return element("span", { className: "word", title: told, style: `--hue:${hue.toFixed(0)}` },
        element("b", {}, known ? word : `${word}*`), element("small", {}, tag), element("i", { style: `width:${(100 * share).toFixed(0)}%` }));
    });
    out.replaceChildren(...words);
  };
  input.addEventListener("input", answer);
  const examples = task.examples.map((text, k) => button(`Example ${k + 1}`, () => ((input.value = text), answer())));
  root.append(
    labelled("Sentence, with blanks around marks too", input, { wide: true }),
    element("div", { className: "controls", role: "group", ariaLabel: "Examples" }, examples),
    out,
    element("p", { className: "muted" }, "The bar below a tag is its probability. A star marks a word that the model knows by its spelling alone."),
  );
  answer();
};
