import { COLLECTIONS } from './data.ts';

interface Order {
  number: number;
  at: Date;
  lines: { sku: string; quantity: number; price: unknown }[];
  total: unknown;
}

/** The invoice of each order of the shop, as PDF, by the order's number. */
export function invoices(): readonly { readonly number: number; readonly pdf: string; readonly at: Date }[] {
  return (COLLECTIONS['orders'] as unknown as Order[]).map(({ number, at, lines, total }) => {
    const text = [
      `Invoice ${number}`,
      at.toISOString().slice(0, 10),
      ...lines.map(({ sku, quantity, price }) => `${quantity} x ${sku} at EUR ${String(price)}`),
      `Total: EUR ${String(total)}`,
    ];
    return { number, pdf: pdf(text), at };
  });
}

/** A page of lines of plain ASCII (ISO 32000-1 §7.5: header, objects, cross-reference table, trailer). */
function pdf(lines: readonly string[]): string {
  const shown = lines.map((line) => `(${line.replaceAll(/[\\()]/g, '\\$&')}) Tj T*`).join('\n');
  const content = `BT /F1 14 Tf 72 770 Td 22 TL\n${shown}\nET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let text = '%PDF-1.4\n';
  const offsets = objects.map((object, at) => {
    const offset = text.length;
    text += `${at + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(offset).padStart(10, '0')} 00000 n \n`;
  });
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.join('')}`;
  return `${text}${table}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${text.length}\n%%EOF\n`;
}
