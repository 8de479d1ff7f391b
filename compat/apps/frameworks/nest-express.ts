import "reflect-metadata";
import { Controller, Get, Injectable, Module, type OnApplicationShutdown } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";

@Injectable()
class AppService implements OnApplicationShutdown {
  getHello(): string {
    return "Hello World! compat-1";
  }
  onApplicationShutdown(signal: string) {
    console.log(`shut down by ${signal}`);
  }
}

@Controller()
class AppController {
  constructor(private readonly appService: AppService) {}
  @Get()
  getHello(): string {
    return this.appService.getHello();
  }
}

@Module({ controllers: [AppController], providers: [AppService] })
class AppModule {}

async function bootstrap() {
  const app = await NestFactory.create(AppModule);
  app.enableShutdownHooks();
  await app.listen(process.env["PORT"] ?? 3000);
}
bootstrap();
