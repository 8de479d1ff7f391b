import { feathers } from "@feathersjs/feathers";
import { bodyParser, errorHandler, koa, rest } from "@feathersjs/koa";

class MessageService {
  messages = [{ id: 0, text: "compat-1" }];
  async find() {
    return this.messages;
  }
}

const app = koa(feathers());
app.use(errorHandler());
app.use(bodyParser());
app.configure(rest());
app.use("messages", new MessageService());

await app.listen(Number(process.env.PORT));
