// Checks a receipt in the browser: the file never leaves it. The same checks as verify_receipt.py; the two
// libraries are fetched when the first file is chosen.

import { sha256, toHex } from "./receipt-bytes.js";
import { ATTACHED, checkProof, readAttachments } from "./receipt-proof.js";
import {
  checkSeal,
  checkTimeStamp,
  findPlaces,
  fingerprintOf,
  NoReceipt,
  SealMissing,
} from "./receipt-seal.js";
import { getText } from "./texts.js";

const MAX_SIZE = 2 * 1024 * 1024;
const NO_HASH = "0".repeat(64); // in the address where the hash belongs
const FOREIGN = "foreign-certificate";
const PROPOSAL_PDF = "proposal_pdf"; // a kind of document

/**
 * @typedef {Uint8Array<ArrayBuffer>} Bytes
 * @typedef {{ isSo: boolean, key: string, text: string }} Finding
 * @typedef {{ kind: string, proposal: string, version: number, counts: boolean }} Known
 * @typedef {{ findings: Finding[], known: Known | null }} Answer
 * @typedef {(isSo: boolean, key: string, otherwise?: string, values?: Record<string, string | number>) => void} Report
 */

/** The portal did not answer. */
class PortalUnreachable extends Error {}

/** @param {DOMStringMap} addresses */
async function loadLibraries(addresses) {
  const [pdf, pki] = await Promise.all([import(addresses.pdf ?? ""), import(addresses.pki ?? "")]);
  pdf.GlobalWorkerOptions.workerSrc = addresses.pdfWorker;
  return { pdf, pki };
}

/**
 * @param {string} address
 * @returns {Promise<Response>}
 */
async function ask(address) {
  try {
    return await fetch(address);
  } catch {
    throw new PortalUnreachable();
  }
}

/**
 * Only the portal knows which version counts. It is asked by the file's hash.
 *
 * @param {DOMStringMap} addresses
 * @param {Bytes} content
 * @returns {Promise<Known | null>}
 */
async function fetchKnown(addresses, content) {
  const hash = toHex(await sha256(content));
  const response = await ask((addresses.documents ?? "").replace(NO_HASH, hash));
  return response.ok ? response.json() : null;
}

/**
 * @param {DOMStringMap} addresses
 * @param {any} certificate
 * @param {Report} report
 */
async function checkCertificate(addresses, certificate, report) {
  const fingerprint = await fingerprintOf(certificate);
  const response = await ask(addresses.certificates ?? "");
  if (!response.ok) throw new PortalUnreachable();
  /** @type {{ certificates: { fingerprint: string }[] }} */
  const { certificates } = await response.json();
  const isPublished = certificates.some((published) => published.fingerprint === fingerprint);
  report(isPublished, "published-certificate", FOREIGN, { fingerprint });
  return fingerprint;
}

/**
 * @param {DOMStringMap} addresses
 * @param {Bytes} content
 * @returns {Promise<Answer>}
 * @throws {NoReceipt | PortalUnreachable}
 */
async function check(addresses, content) {
  if (content.length > MAX_SIZE) throw new NoReceipt("too-large");
  findPlaces(content);
  const { pdf, pki } = await loadLibraries(addresses);
  const known = await fetchKnown(addresses, content);
  /** @type {Finding[]} */
  const findings = [];
  /** @type {Report} */
  const report = (isSo, key, otherwise = key, values = {}) => {
    const said = isSo ? key : otherwise;
    findings.push({ isSo, key: said, text: getText(said, values) });
  };
  let certificate = null;
  let fingerprint = "";
  try {
    const seal = await checkSeal(pki, content, report);
    certificate = seal.certificate;
    if (certificate) fingerprint = await checkCertificate(addresses, certificate, report);
    if (allHold(findings)) await checkTimeStamp(pki, seal.signer, report);
  } catch (error) {
    if (error instanceof PortalUnreachable) throw error;
    findings.length = 0;
    report(false, error instanceof SealMissing ? "seal-missing" : "seal-damaged");
  }
  // Nothing is unpacked before the seal is found to be ours, unbroken, and over the whole file.
  if (known?.kind === PROPOSAL_PDF || !allHold(findings)) return { findings, known };
  const files = await readAttachments(pdf, content);
  const missing = ATTACHED.filter((name) => !files[name]);
  if (missing.length) report(false, "not-inside", undefined, { files: missing.join(", ") });
  else await checkProof(pki, files, certificate, fingerprint, report);
  return { findings, known };
}

/** @param {Finding[]} findings */
function allHold(findings) {
  return findings.every(({ isSo }) => isSo);
}

/**
 * Whether it is sealed by a certificate that is none of this portal's; then nothing else of it was checked.
 *
 * @param {Finding[]} findings
 */
function isOfAnotherPortal(findings) {
  const wrong = findings.filter(({ isSo }) => !isSo);
  return wrong.length === 1 && wrong[0].key === FOREIGN;
}

/** @param {Answer} answer */
function titleOf({ findings, known }) {
  if (isOfAnotherPortal(findings)) return getText("title-foreign");
  if (!allHold(findings)) return getText("title-wrong");
  if (!known) return getText("title-unknown");
  return getText(known.kind === PROPOSAL_PDF ? "title-proposal-pdf" : "title-receipt");
}

/** @param {Answer} answer */
function descriptionOf({ findings, known }) {
  if (isOfAnotherPortal(findings)) return getText("about-foreign");
  if (!known) return allHold(findings) ? getText("about-unknown") : "";
  const { kind, proposal, version, counts } = known;
  const document = getText(kind === PROPOSAL_PDF ? "about-proposal-pdf" : "about-receipt", {
    proposal,
    version,
  });
  return `${document} ${getText(counts ? "counts" : "no-longer-counts")}`;
}

/**
 * @param {string} name
 * @param {string} text
 * @param {string} [className]
 */
function createElement(name, text, className = "") {
  const element = document.createElement(name);
  element.textContent = text;
  element.className = className;
  return element;
}

/** @param {Finding} finding */
function createItem({ isSo, text }) {
  const item = createElement("li", "", "mb-1");
  const badge = createElement(
    "span",
    getText(isSo ? "holds" : "wrong"),
    `state state-${isSo ? "pass" : "ineligible"}`,
  );
  item.append(badge, ` ${text}`);
  return item;
}

/**
 * @param {string} title
 * @param {string} text
 * @param {Finding[]} [findings]
 */
function show(title, text, findings = []) {
  const isGood = findings.length > 0 && allHold(findings);
  const section = createElement("section", "", isGood ? "panel done" : "panel");
  section.append(createElement("h2", title));
  if (text) section.append(createElement("p", text));
  const list = createElement("ul", "", "list-unstyled mb-0");
  const wrongFirst = [...findings].sort((one, other) => Number(one.isSo) - Number(other.isSo));
  list.append(...wrongFirst.map(createItem));
  section.append(list);
  const place = document.getElementById("answer-place");
  place?.replaceChildren(section);
  place?.focus();
}

/** @param {HTMLFormElement} form */
function setUpChecks(form) {
  const input = /** @type {HTMLInputElement} */ (form.querySelector("input[type=file]"));
  const withoutScript = form.querySelector("[data-by-sending]");

  /** @param {File | undefined} file */
  async function checkFile(file) {
    if (!file) return;
    show(getText("title-checking"), getText("about-checking", { file: file.name }));
    try {
      const answer = await check(form.dataset, new Uint8Array(await file.arrayBuffer()));
      show(titleOf(answer), descriptionOf(answer), answer.findings);
    } catch (error) {
      if (error instanceof NoReceipt) {
        show(getText("title-no-receipt"), getText(error.message));
        return;
      }
      withoutScript?.removeAttribute("hidden");
      show(getText("title-unchecked"), getText("about-unchecked"));
    }
  }

  input.addEventListener("change", () => checkFile(input.files?.[0]));
  for (const kind of ["dragover", "drop"]) {
    form.addEventListener(kind, (event) => event.preventDefault());
  }
  form.addEventListener("drop", (event) => checkFile(event.dataTransfer?.files[0]));
  form.querySelector("[data-in-browser]")?.removeAttribute("hidden");
  withoutScript?.setAttribute("hidden", "");
}

const form = document.querySelector("[data-check-receipt]");
if (form instanceof HTMLFormElement && globalThis.crypto?.subtle) setUpChecks(form);
