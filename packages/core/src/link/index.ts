// The door of the wires for programs that embed the engine and have messages of their own: how they are decoded. It imports
// nothing.

export {
  amount,
  anything,
  count,
  type Decoder,
  descriptor,
  type Fields,
  flag,
  id,
  list,
  Mismatch,
  number,
  type Optional,
  oneMessage,
  oneOf,
  optional,
  orNull,
  pid,
  type Rows,
  record,
  text,
  whole,
} from "./decoders.ts";
