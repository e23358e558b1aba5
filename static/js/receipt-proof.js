// What a receipt has attached: the dossier, and the proof that it is in the portal's log.

import { fromBase64, fromHex, isIncluded, sha256, toHex, toUtf8 } from "./receipt-bytes.js";
import { isSignedBy } from "./receipt-seal.js";

export const ATTACHED = ["dossier.json", "verdict.json", "proof.json"];

/**
 * @typedef {Uint8Array<ArrayBuffer>} Bytes
 * @typedef {(isSo: boolean, key: string, otherwise?: string, values?: Record<string, string | number>) => void} Report
 */

/**
 * @param {any} pdf  the library pdf.js
 * @param {Bytes} content
 * @returns {Promise<Record<string, Bytes>>} nothing where the file cannot be read
 */
export async function readAttachments(pdf, content) {
  const verbosity = pdf.VerbosityLevel.ERRORS;
  const opening = pdf.getDocument({ data: content.slice(), stopAtErrors: true, verbosity });
  try {
    const document = await opening.promise;
    /** @type {Record<string, Bytes>} */
    const files = {};
    for (const [id, { filename }] of (await document.getAttachments()) ?? []) {
      if (ATTACHED.includes(filename)) files[filename] = await document.getAttachmentContent(id);
    }
    return files;
  } catch {
    return {};
  } finally {
    await opening.destroy();
  }
}

/** @param {Bytes} file */
function readProof(file) {
  try {
    const proof = JSON.parse(new TextDecoder().decode(file));
    const { entry, position, path, head } = proof;
    return {
      entry: JSON.parse(entry),
      entryText: /** @type {string} */ (entry),
      position: /** @type {number} */ (position),
      path: /** @type {Bytes[]} */ (path.map(fromHex)),
      root: fromHex(head.root),
      head,
    };
  } catch {
    return null;
  }
}

/**
 * @param {any} pki  the library PKI.js
 * @param {Record<string, Bytes>} files
 * @param {any} certificate  of the seal
 * @param {string} fingerprint  of that certificate
 * @param {Report} report
 */
export async function checkProof(pki, files, certificate, fingerprint, report) {
  const proof = readProof(files["proof.json"]);
  if (!proof) {
    report(false, "proof-unreadable");
    return;
  }
  const { entry, entryText, position, path, root, head } = proof;
  const isOfDossier = toHex(await sha256(files["dossier.json"])) === entry.sha256;
  const { proposal, version, at } = entry;
  report(isOfDossier, "dossier-matches", "dossier-differs", { proposal, version, received: at });
  const leaf = await sha256([0], toUtf8(entryText));
  const isInLog = await isIncluded(leaf, position, head.size, path, root);
  report(isInLog, "entry-in-log", "entry-not-in-log", { position: position + 1, size: head.size });
  if (head.certificate !== fingerprint) {
    report(false, "log-by-another");
    return;
  }
  const text = JSON.stringify({ root: head.root, signed_at: head.signed_at, size: head.size });
  const signature = fromBase64(head.signature);
  const isSigned = await isSignedBy(pki, certificate, toUtf8(text), signature);
  report(isSigned, "log-signed", "log-not-signed", { time: head.signed_at });
}
