export function loader() {
  return { message: "compat-1" };
}

export default function Home({ loaderData }) {
  return <h1>Hello {loaderData.message}</h1>;
}
