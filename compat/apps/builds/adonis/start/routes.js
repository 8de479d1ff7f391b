import router from "@adonisjs/core/services/router";

router.get("/", async () => "It works! compat-1");
