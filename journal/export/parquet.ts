import { ByteWriter, ParquetWriter, schemaFromColumnData, type BasicType } from 'hyparquet-writer';
import type { Seat } from '../../wire/types.ts';
import type { Exporter } from './exporter.ts';
import { turnColumns, turnRows, type TurnColumn, type TurnRow } from './turn-rows.ts';

const columns = Object.keys(turnColumns) as TurnColumn[];

const types: { readonly [type in (typeof turnColumns)[TurnColumn]]: BasicType } = {
  text: 'STRING',
  count: 'INT32',
  whole: 'INT64',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
  time: 'TIMESTAMP',
};

/** A row group is written when it has so many rows, or texts of so many characters. */
const mostRows = 20_000;
const mostCharacters = 8 * 1024 * 1024;

/** A row for each turn, every column nullable. Source: the Apache Parquet format, through hyparquet-writer. */
export function createParquetExporter(seat: Seat | undefined): Exporter {
  const bytes = new ByteWriter();
  const schema = schemaFromColumnData({ columnData: columns.map((name) => columnOf(name, [])) });
  const writer = new ParquetWriter({
    writer: bytes,
    schema,
    createdBy: 'colloquy',
    statisticsTruncateLength: 64,
  });
  let rows: TurnRow[] = [];
  let characters = 0;
  const take = (): Uint8Array => {
    const data = bytes.getBytes().slice();
    bytes.index = 0;
    return data;
  };
  const writeGroup = (): void => {
    const columnData = columns.map((name) => columnOf(name, rows));
    if (rows.length > 0) void writer.write({ columnData, rowGroupSize: rows.length });
    rows = [];
    characters = 0;
  };
  return {
    add: (meeting) => {
      const added = turnRows(meeting, seat);
      for (const row of added) {
        rows.push(row);
        characters += String(row.text).length;
        if (rows.length >= mostRows || characters >= mostCharacters) writeGroup();
      }
      return { data: take(), records: added.length };
    },
    end: () => {
      writeGroup();
      void writer.finish();
      return take();
    },
  };
}

function columnOf(
  name: TurnColumn,
  rows: readonly TurnRow[],
): { name: string; type: BasicType; nullable: true; data: unknown[] } {
  const type = turnColumns[name];
  return { name, type: types[type], nullable: true, data: rows.map((row) => valueOf(type, row[name])) };
}

function valueOf(type: (typeof turnColumns)[TurnColumn], value: TurnRow[TurnColumn]): unknown {
  if (value === undefined) return null;
  if (type === 'time') return new Date(value as string);
  if (type !== 'whole') return value;
  return Number.isSafeInteger(value) ? BigInt(value) : null;
}
