import { createServer } from "node:http";
import { createSchema, createYoga } from "graphql-yoga";

const yoga = createYoga({
  schema: createSchema({
    typeDefs: "type Query { hello: String }",
    resolvers: { Query: { hello: () => "compat-1" } },
  }),
});

createServer(yoga).listen(process.env.PORT, () => console.info("Server is running"));
