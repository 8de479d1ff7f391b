// What the native addon gives, typed. Everything takes the binding, which only `nativeSupport` gives: there is no way to
// call it without having asked.

export {
  type Binding,
  type NativeSupport,
  nativeSupport,
  READABLE,
  type Watch,
  WRITABLE,
} from "./binding.ts";
export { createFramedLink, type FramedLink, type LinkSink, outOfDescriptors } from "./framed-link.ts";
export { type ProcessEnd, type ProcessWatch, watchProcess } from "./process-watch.ts";
export { spawnTied } from "./spawn-tied.ts";
export { templateBinding } from "./template-binding.ts";
