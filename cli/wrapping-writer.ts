import stringWidth from 'string-width';

const indent = '  ';
/** Lines longer than this are tiring to read, however wide the window is. */
const widestColumns = 100;

/** Writes text that comes in pieces, indented, and broken between words where the line ends. */
export class WrappingWriter {
  readonly #stream: NodeJS.WriteStream;
  #column = 0;
  #word = '';

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  write(text: string): void {
    for (const part of text.split(/(\s)/)) {
      if (/^\s$/.test(part)) this.#writeSpace(part);
      else this.#word += part;
    }
  }

  /** Ends the line that was begun. */
  end(): void {
    this.#writeWord();
    if (this.#column > 0) this.#stream.write('\n');
    this.#column = 0;
  }

  #writeSpace(space: string): void {
    this.#writeWord();
    if (space !== '\n') return this.#put(space === '\t' ? '    ' : ' ');
    this.#stream.write('\n');
    this.#column = 0;
  }

  #writeWord(): void {
    const word = this.#word;
    this.#word = '';
    if (word === '') return;
    const width = Math.min(this.#stream.columns ?? 80, widestColumns);
    if (this.#column > 0 && indent.length + this.#column + stringWidth(word) > width) {
      this.#stream.write('\n');
      this.#column = 0;
    }
    this.#put(word);
  }

  #put(text: string): void {
    if (this.#column === 0) this.#stream.write(indent);
    this.#stream.write(text);
    this.#column += stringWidth(text);
  }
}
