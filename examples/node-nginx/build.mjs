// Makes dist/index.html of page.md.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { marked } from "marked";

const body = marked.parse(readFileSync("page.md", "utf8"));
mkdirSync("dist", { recursive: true });
writeFileSync("dist/index.html", `<!doctype html>\n<meta charset="utf-8">\n<title>Page</title>\n${body}`);
