import { ByteWriter, ParquetWriter, schemaFromColumnData, type BasicType } from 'hyparquet-writer';
import { csvLine } from '../../journal/export/csv-line.ts';
import { wellFormed } from '../../journal/export/exporter.ts';
import type { Cell, ColumnType, Table } from './tables.ts';

/** With a line of names; texts are guarded against spreadsheets. */
export function toCsv({ columns, rows }: Table): string {
  const lines = rows.map((row) =>
    csvLine(row.map((cell) => (typeof cell === 'string' ? wellFormed(cell) : cell))),
  );
  return csvLine(Object.keys(columns)) + lines.join('');
}

const types: { readonly [type in ColumnType]: BasicType } = {
  text: 'STRING',
  count: 'INT32',
  whole: 'INT64',
  number: 'DOUBLE',
  time: 'TIMESTAMP',
};

const rowsOfGroup = 20_000;

/** Every column is nullable. Source: the Apache Parquet format, through hyparquet-writer. */
export function toParquet({ columns, rows }: Table): Uint8Array {
  const columnsOf = (some: Table['rows']) =>
    Object.entries(columns).map(([name, type], at) => ({
      name,
      type: types[type],
      nullable: true as const,
      data: some.map((row) => valueOf(type, row[at])),
    }));
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({
    writer,
    schema: schemaFromColumnData({ columnData: columnsOf([]) }),
    createdBy: 'colloquy',
    statisticsTruncateLength: 64,
  });
  for (let at = 0; at < rows.length; at += rowsOfGroup) {
    const group = rows.slice(at, at + rowsOfGroup);
    void parquet.write({ columnData: columnsOf(group), rowGroupSize: group.length });
  }
  void parquet.finish();
  return writer.getBytes().slice();
}

function valueOf(type: ColumnType, value: Cell): unknown {
  if (value === undefined) return null;
  // One file that somebody has damaged does not keep all the others from being told of.
  if (type === 'time') return Number.isNaN(Date.parse(String(value))) ? null : new Date(value);
  if (type === 'count') return Number(value) === (Number(value) | 0) ? value : null;
  if (type === 'whole') return Number.isSafeInteger(value) ? BigInt(value) : null;
  return typeof value === 'string' ? wellFormed(value) : value;
}
