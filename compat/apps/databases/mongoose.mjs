import express from "express";
import mongoose from "mongoose";

const Cat = mongoose.model("Cat", { name: String });
mongoose
  .connect("mongodb://127.0.0.1:9/test", { serverSelectionTimeoutMS: 30_000 })
  .catch((err) => console.log(err.message));

const app = express();
app.get("/", (req, res) => {
  const kitty = new Cat({ name: "Zildjian" });
  res.send(`id=${kitty._id} compat-1`);
});
app.listen(process.env.PORT);
