import "reflect-metadata";
import express from "express";
import { DataSource, EntitySchema } from "typeorm";

const Photo = new EntitySchema({
  name: "Photo",
  columns: { id: { type: Number, primary: true, generated: true }, name: { type: String } },
});
const AppDataSource = new DataSource({ type: "postgres", url: process.env.DATABASE_URL, entities: [Photo] });

AppDataSource.initialize()
  .then(() => {
    const app = express();
    app.get("/", async (req, res) => {
      const [{ number }] = await AppDataSource.query("SELECT 42 AS number");
      res.send(`${number} compat-1`);
    });
    app.listen(process.env.PORT);
  })
  .catch((error) => console.log(error));
