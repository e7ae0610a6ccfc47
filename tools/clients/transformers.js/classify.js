// Answers a JSON array of texts with the probabilities of each class: node classify.js FOLDER TEXTS.json.
import { readFileSync } from "node:fs";
import { env, pipeline } from "@huggingface/transformers";

const [folder, file] = process.argv.slice(2);
const texts = JSON.parse(readFileSync(file, "utf8"));

env.allowRemoteModels = false;
const classify = await pipeline("text-classification", folder, { dtype: "fp32" });
const answers = [];
for (const text of texts) {
  const [classes] = await classify([text], { top_k: null });
  answers.push(Object.fromEntries(classes.map(({ label, score }) => [label, score])));
}
console.log(JSON.stringify(answers));
