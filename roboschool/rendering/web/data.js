// Unpacks what packing.py packs: JSON, then tables of numbers as differences in planes of bytes, all compressed.

async function unpack(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const about = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  let at = 4 + length;
  for (const [name, table] of Object.entries(about.tables)) {
    about[name] = readTable(bytes.subarray(at, at + 4 * table.rows * table.columns), table);
    at += 4 * table.rows * table.columns;
  }
  return about;
}

// Return a table by rows; it is stored by columns, as differences of differences.
function readTable(bytes, { rows, columns, steps }) {
  const out = new Float64Array(rows * columns), size = rows * columns;
  for (let column = 0; column < columns; column++)
    for (let row = 0, value = 0, change = 0; row < rows; row++) {
      const at = column * rows + row;
      const folded = bytes[at] | (bytes[size + at] << 8) | (bytes[2 * size + at] << 16) | (bytes[3 * size + at] << 24);
      change += (folded >>> 1) ^ -(folded & 1);
      value += change;
      out[row * columns + column] = value * steps[column];
    }
  return { rows, columns, numbers: out, row: (number) => out.subarray(number * columns, (number + 1) * columns) };
}
