// Checks a receipt in the browser: the file never leaves it. The same checks, in the same words, as
// verify_receipt.py; the two libraries are fetched when the first file is chosen.

const form = document.querySelector("[data-check-receipt]");
const LARGEST = 2 * 1024 * 1024;
const LARGEST_SEAL = 256 * 1024; // hexadecimal digits
const ATTACHED = ["dossier.json", "verdict.json", "proof.json"];
const utf8 = new TextEncoder();

class NoReceipt extends Error {}
class NotThere extends Error {}

const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
const bytesOf = (digits) => {
  if (!/^([0-9a-f]{2})*$/.test(digits)) throw new TypeError("not hexadecimal");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
};
const bytesOfBase64 = (text) => {
  try {
    return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  } catch {
    return new Uint8Array(); // what is no signature fits nothing
  }
};
const isSame = (one, other) => hex(one) === hex(other);
const joined = (...parts) => new Uint8Array(parts.flatMap((part) => [...new Uint8Array(part)]));
const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));

async function libraries() {
  const [pdf, pki] = await Promise.all([import(form.dataset.pdf), import(form.dataset.pki)]);
  pdf.GlobalWorkerOptions.workerSrc = form.dataset.pdfWorker;
  return { pdf, pki };
}

// Where seals may lie, found in the bytes themselves: what the file says of it is under the seal too.
function placesOfSeals(content) {
  const text = new TextDecoder("latin1").decode(content);
  const found = [...text.matchAll(/\/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]/g)];
  if (!text.slice(0, 1024).includes("%PDF-")) throw new NoReceipt("This is no PDF that can be read.");
  if (!found.length) throw new NoReceipt("This PDF has no seal: it is no receipt, or the seal was taken out.");
  const places = found.map((match) => match.slice(1).map(Number));
  return places
    .filter(([start, length, again]) => text[start + length] === "<" && text[again - 1] === ">")
    .slice(0, 20)
    .map(([start, length, again, rest]) => ({ start, length, again, rest, digits: text.slice(start + length + 1, again - 1) }))
    .filter(({ digits }) => digits.length <= LARGEST_SEAL && /^(([0-9a-f]{2})+|([0-9A-F]{2})+)$/.test(digits)); // one case: a letter of the other was changed
}

// The first seal. A text in the document that looks like one is none: what it names is no signature.
function sealIn(pki, content) {
  let problem = new NotThere();
  for (const place of placesOfSeals(content)) {
    const held = bytesOf(place.digits.toLowerCase());
    try {
      return { ...place, held, ...signedDataIn(pki, held) };
    } catch (error) {
      problem = error;
    }
  }
  throw problem;
}

function signedDataIn(pki, held) {
  const { result, offset } = pki.fromBER(held.buffer);
  if (offset === -1) throw new TypeError("no signature");
  const content = new pki.ContentInfo({ schema: result });
  return { signed: new pki.SignedData({ schema: content.content }), size: offset };
}

async function checkSeal(pki, content, say) {
  const { start, length, again, rest, held, signed, size } = sealIn(pki, content);
  const data = joined(content.subarray(start, start + length), content.subarray(again, again + rest));
  const signer = signed.signerInfos[0];
  const digest = signer.signedAttrs.attributes.find((one) => one.type === "1.2.840.113549.1.9.4");
  const isIntact = isSame(await sha256(data), digest.values[0].valueBlock.valueHexView);
  const certificate = isIntact ? await certificateThatVerifies(signed, data.buffer) : null;
  if (!isIntact) say(false, "Bytes of the file were changed after it was sealed.");
  else say(certificate !== null, "The seal is unbroken.", "The seal was not made by the holder of the certificate that it names.");
  const isAlone = held.subarray(size).every((byte) => byte === 0);
  const isWhole = start === 0 && again + rest === content.length && isAlone;
  say(isWhole, "Every byte of the file is under the seal.", "Something was added to the file after it was sealed.");
  return { certificate, signer };
}

// Only the certificate by whose key the signature was verified says who signed: a seal may hold any number of others.
async function certificateThatVerifies(signed, data) {
  try {
    const answer = await signed.verify({ signer: 0, data, checkChain: false, extendedMode: true });
    return answer.signatureVerified ? answer.signerCertificate : null;
  } catch {
    return null;
  }
}

async function checkStamp(pki, sealed, say) {
  const found = sealed.unsignedAttrs?.attributes.find((one) => one.type === "1.2.840.113549.1.9.16.2.14");
  if (!found) {
    say(true, "No time stamp of another service is in the seal: its time is the portal's own word.");
    return;
  }
  const content = new pki.ContentInfo({ schema: found.values[0] });
  const stamp = new pki.SignedData({ schema: content.content });
  const info = new pki.TSTInfo({ schema: pki.fromBER(stamp.encapContentInfo.eContent.getValue()).result });
  const imprint = await sha256(sealed.signature.valueBlock.valueHexView);
  if (!isSame(imprint, info.messageImprint.hashedMessage.valueBlock.valueHexView)) {
    say(false, "The time stamp was made for another seal.");
    return;
  }
  const data = sealed.signature.valueBlock.valueHexView.slice().buffer;
  const certificate = await certificateThatVerifies(stamp, data);
  const name = certificate?.subject.typesAndValues.map((one) => one.value.valueBlock.value).join(", ");
  say(certificate !== null, `The seal existed at ${info.genTime.toISOString()}, says the time stamp of ${name}.`, "The time stamp was changed.");
}

async function checkCertificate(certificate, say) {
  const der = certificate.toSchema().toBER(false);
  const own = hex(await sha256(der));
  const answer = await fetch(form.dataset.certificates);
  if (!answer.ok) throw new Error("certificates");
  const known = (await answer.json()).certificates.map((one) => one.fingerprint);
  say(known.includes(own), "The seal is by a certificate that this portal has published.",
    `The seal is a foreign one: its certificate, ${own}, is none of those that this portal has published.`);
  return own;
}

async function attachmentsOf(pdf, content) {
  const opening = pdf.getDocument({ data: content.slice(), stopAtErrors: true, verbosity: pdf.VerbosityLevel.ERRORS });
  try {
    const found = await opening.promise;
    const files = {};
    for (const [id, { filename }] of (await found.getAttachments()) ?? []) {
      if (ATTACHED.includes(filename)) files[filename] = await found.getAttachmentContent(id);
    }
    return files;
  } catch {
    return {};
  } finally {
    await opening.destroy();
  }
}

// RFC 9162, 2.1.3.2
async function isIncluded(leaf, position, size, path, root) {
  let [place, last, found] = [position, size - 1, leaf];
  for (const step of path) {
    if (last === 0) return false;
    if (place % 2 || place === last) {
      found = await sha256([1], step, found);
      while (place % 2 === 0 && place) [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
    } else {
      found = await sha256([1], found, step);
    }
    [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
  }
  return position >= 0 && position < size && last === 0 && isSame(found, root);
}

async function checkProof(pki, files, certificate, fingerprint, say) {
  let proof, entry, path, root;
  try {
    proof = JSON.parse(new TextDecoder().decode(files["proof.json"]));
    entry = JSON.parse(proof.entry);
    path = proof.path.map(bytesOf);
    root = bytesOf(proof.head.root);
  } catch {
    say(false, "The attached proof cannot be read.");
    return;
  }
  const { head, position } = proof;
  const what = `proposal ${entry.proposal}, version ${entry.version}, received ${entry.at}`;
  say(hex(await sha256(files["dossier.json"])) === entry.sha256,
    `The attached dossier is what the log's entry speaks of: ${what}.`,
    `The attached dossier is not the one that the log's entry speaks of (${what}).`);
  const leaf = await sha256([0], utf8.encode(proof.entry));
  say(await isIncluded(leaf, position, head.size, path, root),
    `That entry stands at place ${position} in the log of ${head.size} entries.`,
    "The proof does not show that the entry is in the log.");
  if (head.certificate !== fingerprint) {
    say(false, "The log was signed by another certificate than the receipt.");
    return;
  }
  const text = JSON.stringify({ root: head.root, signed_at: head.signed_at, size: head.size });
  const signature = bytesOfBase64(head.signature);
  say(await isSignedBy(pki, certificate, utf8.encode(text), signature),
    `The root of that log was signed by the same certificate, ${head.signed_at}.`,
    "The root of the log was not signed by the certificate.");
}

async function isSignedBy(pki, certificate, content, signature) {
  const key = await certificate.getPublicKey();
  const { result, offset } = pki.fromBER(signature.buffer);
  if (offset === -1) return false;
  const raw = pki.createECDSASignatureFromCMS(result, 32);
  return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, raw, content);
}

// Only the portal knows which version counts. It is asked by the file's hash.
async function whatThePortalKnows(content) {
  const answer = await fetch(form.dataset.documents.replace("0".repeat(64), hex(await sha256(content))));
  return answer.ok ? answer.json() : null;
}

async function check(content) {
  const sentences = [];
  const say = (isSo, ifSo, otherwise) => sentences.push([isSo, isSo ? ifSo : otherwise ?? ifSo]);
  if (content.length > LARGEST) throw new NoReceipt("A receipt has at most 2 MB. This is another file; choose the receipt.");
  placesOfSeals(content);
  const { pdf, pki } = await libraries();
  const known = await whatThePortalKnows(content);
  let certificate, fingerprint;
  try {
    const seal = await checkSeal(pki, content, say);
    certificate = seal.certificate;
    if (certificate) fingerprint = await checkCertificate(certificate, say);
    if (holds(sentences)) await checkStamp(pki, seal.signer, say);
  } catch (error) {
    if (error.message === "certificates" || error instanceof TypeError && /fetch/i.test(error.message)) throw error;
    sentences.splice(0, sentences.length, [false, error instanceof NotThere
      ? "Bytes of the file were changed after it was sealed: no seal lies where it says."
      : "The seal was damaged and cannot be checked."]);
  }
  // Nothing is unpacked before the seal is found to be ours, unbroken, and over the whole file.
  if (known?.kind === "annex" || !holds(sentences)) return { sentences, known };
  const files = await attachmentsOf(pdf, content);
  const missing = ATTACHED.filter((name) => !files[name]);
  if (missing.length) say(false, `Not inside: ${missing.join(", ")}. They were taken out, or this is no receipt but another document.`);
  else await checkProof(pki, files, certificate, fingerprint, say);
  return { sentences, known };
}

const holds = (sentences) => sentences.every(([isSo]) => isSo);

// Sealed by a certificate that is none of this portal's; then nothing else of it was looked at.
function isOfAnotherPortal(sentences) {
  const wrong = sentences.filter(([isSo]) => !isSo);
  return wrong.length === 1 && wrong[0][1].startsWith("The seal is a foreign one");
}

function headline({ sentences, known }) {
  if (isOfAnotherPortal(sentences)) return "This portal did not seal this file";
  if (sentences.some(([isSo]) => !isSo)) return "Something is wrong with this receipt";
  if (!known) return "The portal does not keep this file";
  return known.kind === "annex" ? "The document is genuine" : "The receipt is genuine";
}

function whatItIs({ sentences, known }) {
  const isGood = holds(sentences);
  if (isOfAnotherPortal(sentences)) return "It may be a receipt of another portal: only that portal's certificates tell whether it is genuine. What is inside was not opened.";
  if (!known) {
    return isGood ? "What its seal covers is unchanged and was sealed by this portal, but the file is not, byte for byte, one that the portal keeps: something in the seal itself was changed, or it was made in another portal with the same key." : "";
  }
  const { kind, proposal, version, counts } = known;
  const what = kind === "annex"
    ? `It is, byte for byte, the whole proposal ${proposal}, version ${version}, as this portal sealed it. When it was received is proved by its receipt, which is another file.`
    : `It is, byte for byte, the receipt of proposal ${proposal}, version ${version}.`;
  return counts ? `${what} This version counts.` : `${what} This version no longer counts: a later version replaced it, or it was withdrawn.`;
}

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

function show(title, text, sentences = [], isGood = false) {
  const place = document.querySelector("#answer-place");
  const section = element("section", "", `panel${isGood ? " done" : ""}`);
  section.append(element("h2", title));
  if (text) section.append(element("p", text));
  const list = element("ul", "", "list-unstyled mb-0");
  for (const [isSo, sentence] of [...sentences].sort((one, other) => one[0] - other[0])) {
    const item = element("li", "", "mb-1");
    item.append(element("span", isSo ? "holds" : "wrong", `state state-${isSo ? "pass" : "ineligible"}`), ` ${sentence}`);
    list.append(item);
  }
  section.append(list);
  place.replaceChildren(section);
  place.focus();
}

async function checkFile(file) {
  if (!file) return;
  show("Checking …", `${file.name} is being checked in your browser.`);
  try {
    const answer = await check(new Uint8Array(await file.arrayBuffer()));
    show(headline(answer), whatItIs(answer), answer.sentences, answer.sentences.every(([isSo]) => isSo));
  } catch (error) {
    if (error instanceof NoReceipt) show("This is no receipt", error.message);
    else {
      form.querySelector("[data-by-sending]").hidden = false;
      show("It could not be checked here", "The portal could not be asked for its certificates, or your browser lacks something. Nothing was sent. Try again, or send the file with the button below.");
    }
  }
}

if (form && globalThis.crypto?.subtle) {
  const input = form.querySelector("input[type=file]");
  input.addEventListener("change", () => checkFile(input.files[0]));
  for (const event of ["dragover", "drop"]) form.addEventListener(event, (happening) => happening.preventDefault());
  form.addEventListener("drop", (happening) => checkFile(happening.dataTransfer.files[0]));
  form.querySelector("[data-in-browser]").hidden = false;
  form.querySelector("[data-by-sending]").hidden = true;
}
