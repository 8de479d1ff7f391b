import http from "node:http";
import { ApolloServer } from "@apollo/server";
import { ApolloServerPluginDrainHttpServer } from "@apollo/server/plugin/drainHttpServer";
import { expressMiddleware } from "@as-integrations/express5";
import cors from "cors";
import express from "express";

const typeDefs = "type Query { hello: String }";
const resolvers = { Query: { hello: () => "compat-1" } };

const app = express();
const httpServer = http.createServer(app);
const server = new ApolloServer({
  typeDefs,
  resolvers,
  plugins: [ApolloServerPluginDrainHttpServer({ httpServer })],
});
await server.start();

app.use("/graphql", cors(), express.json(), expressMiddleware(server));
await new Promise((resolve) => httpServer.listen({ port: process.env.PORT }, resolve));
