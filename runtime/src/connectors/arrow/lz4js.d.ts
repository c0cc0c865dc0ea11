/** lz4js has no declarations of its own. */
declare module "lz4js" {
  const lz4: {
    /** A frame. */
    compress(bytes: Uint8Array): Uint8Array;
    /** Decodes a block of `length` bytes behind what `out` has; where that ends then. */
    decompressBlock(bytes: Uint8Array, out: Uint8Array, start: number, length: number, filled: number): number;
  };
  export default lz4;
}
declare module "lz4js/xxh32.js" {
  const xxh32: { hash(seed: number, bytes: Uint8Array, start: number, length: number): number };
  export default xxh32;
}
