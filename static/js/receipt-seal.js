// The seal of a receipt: where it is, what it covers, who made it, and its time stamp.

import { concat, fromHex, isSame, sha256, toHex } from "./receipt-bytes.js";

const MAX_DIGITS = 256 * 1024; // of one seal
const MAX_PLACES = 20;
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const TIME_STAMP = "1.2.840.113549.1.9.16.2.14";

/**
 * @typedef {Uint8Array<ArrayBuffer>} Bytes
 * @typedef {{ start: number, length: number, again: number, rest: number, digits: string }} Place
 * @typedef {(isSo: boolean, key: string, otherwise?: string, values?: Record<string, string | number>) => void} Report
 * @typedef {any} Pki  the library PKI.js, and what it makes
 */

/** The file is no receipt; the message is the key of the sentence that says why. */
export class NoReceipt extends Error {}

/** No seal is where the file says that one is. */
export class SealMissing extends Error {}

/**
 * Where seals may be, found in the bytes themselves: what the file says of it is under the seal too.
 *
 * @param {Bytes} content
 * @returns {Place[]}
 * @throws {NoReceipt}
 */
export function findPlaces(content) {
  const text = new TextDecoder("latin1").decode(content);
  const ranges = text.matchAll(
    /\/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]/g,
  );
  const places = [...ranges].map((match) => match.slice(1).map(Number));
  if (!text.slice(0, 1024).includes("%PDF-")) throw new NoReceipt("not-a-pdf");
  if (!places.length) throw new NoReceipt("no-seal");
  return places
    .filter(([start, length, again]) => text[start + length] === "<" && text[again - 1] === ">")
    .slice(0, MAX_PLACES)
    .map(([start, length, again, rest]) => {
      const digits = text.slice(start + length + 1, again - 1);
      return { start, length, again, rest, digits };
    })
    .filter(({ digits }) => isHexadecimal(digits));
}

/**
 * In one case: a letter of the other was changed.
 *
 * @param {string} digits
 */
function isHexadecimal(digits) {
  return digits.length <= MAX_DIGITS && /^(([0-9a-f]{2})+|([0-9A-F]{2})+)$/.test(digits);
}

/**
 * The first seal. A text in the document that looks like one is none: what it names is no signature.
 *
 * @param {Pki} pki
 * @param {Bytes} content
 */
function readSeal(pki, content) {
  /** @type {unknown} */
  let problem = new SealMissing();
  for (const place of findPlaces(content)) {
    const bytes = fromHex(place.digits.toLowerCase());
    try {
      const { result, offset } = pki.fromBER(bytes.buffer);
      if (offset === -1) throw new TypeError("not a signature");
      const { content: schema } = new pki.ContentInfo({ schema: result });
      return { place, bytes, signed: new pki.SignedData({ schema }), size: offset };
    } catch (error) {
      problem = error;
    }
  }
  throw problem;
}

/**
 * @param {Pki} pki
 * @param {Bytes} content
 * @param {Report} report
 * @returns {Promise<{ certificate: Pki | null, signer: Pki }>} the certificate that verified, if one did
 */
export async function checkSeal(pki, content, report) {
  const { place, bytes, signed, size } = readSeal(pki, content);
  const { start, length, again, rest } = place;
  const data = concat(
    content.subarray(start, start + length),
    content.subarray(again, again + rest),
  );
  const signer = signed.signerInfos[0];
  const digest = attributeOf(signer.signedAttrs, MESSAGE_DIGEST).values[0].valueBlock.valueHexView;
  const isIntact = isSame(await sha256(data), digest);
  const certificate = isIntact ? await findSigner(signed, data.buffer) : null;
  if (isIntact) report(certificate !== null, "seal-unbroken", "seal-not-by-holder");
  else report(false, "bytes-changed");
  const isAlone = bytes.subarray(size).every((byte) => byte === 0);
  const isWhole = start === 0 && again + rest === content.length && isAlone;
  report(isWhole, "all-under-seal", "added-after-seal");
  return { certificate, signer };
}

/**
 * @param {Pki} attributes
 * @param {string} type
 */
function attributeOf(attributes, type) {
  return attributes?.attributes.find((/** @type {Pki} */ attribute) => attribute.type === type);
}

/**
 * The certificate by whose key the signature was verified: only it says who signed, since a seal may hold
 * any number of others.
 *
 * @param {Pki} signed
 * @param {ArrayBuffer} data
 */
async function findSigner(signed, data) {
  try {
    const result = await signed.verify({ signer: 0, data, checkChain: false, extendedMode: true });
    return result.signatureVerified ? result.signerCertificate : null;
  } catch {
    return null;
  }
}

/**
 * @param {Pki} pki
 * @param {Pki} signer
 * @param {Report} report
 */
export async function checkTimeStamp(pki, signer, report) {
  const attribute = attributeOf(signer.unsignedAttrs, TIME_STAMP);
  if (!attribute) {
    report(true, "no-time-stamp");
    return;
  }
  const signature = signer.signature.valueBlock.valueHexView;
  const { content: schema } = new pki.ContentInfo({ schema: attribute.values[0] });
  const stamp = new pki.SignedData({ schema });
  const encoded = stamp.encapContentInfo.eContent.getValue();
  const info = new pki.TSTInfo({ schema: pki.fromBER(encoded).result });
  const imprint = info.messageImprint.hashedMessage.valueBlock.valueHexView;
  if (!isSame(await sha256(signature), imprint)) {
    report(false, "stamp-of-another");
    return;
  }
  const certificate = await findSigner(stamp, signature.slice().buffer);
  const values = { time: info.genTime.toISOString(), service: nameOf(certificate) };
  report(certificate !== null, "stamp-holds", "stamp-changed", values);
}

/** @param {Pki} certificate */
function nameOf(certificate) {
  const parts = certificate?.subject.typesAndValues ?? [];
  return parts.map((/** @type {Pki} */ part) => part.value.valueBlock.value).join(", ");
}

/** @param {Pki} certificate */
export async function fingerprintOf(certificate) {
  return toHex(await sha256(certificate.toSchema().toBER(false)));
}

/**
 * @param {Pki} pki
 * @param {Pki} certificate
 * @param {Bytes} content
 * @param {Bytes} signature
 */
export async function isSignedBy(pki, certificate, content, signature) {
  const key = await certificate.getPublicKey();
  const { result, offset } = pki.fromBER(signature.buffer);
  if (offset === -1) return false;
  const raw = pki.createECDSASignatureFromCMS(result, 32);
  return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, raw, content);
}
