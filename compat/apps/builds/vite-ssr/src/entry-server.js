export function render(url) {
  return { html: `<h1>Hello Vite! ${url} compat-1</h1>` };
}
