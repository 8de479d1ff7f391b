import "reflect-metadata";
import { Controller, Get, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { InjectRepository, TypeOrmModule } from "@nestjs/typeorm";
import { Column, Entity, PrimaryGeneratedColumn, Repository } from "typeorm";

@Entity()
class User {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: "varchar" }) name!: string;
}

@Controller()
class AppController {
  constructor(@InjectRepository(User) private readonly users: Repository<User>) {}
  @Get()
  async getHello(): Promise<string> {
    const [{ number }] = await this.users.query("SELECT 42 AS number");
    return `${number} compat-1`;
  }
}

const connection = { type: "postgres" as const, url: process.env["DATABASE_URL"], entities: [User] };

@Module({
  imports: [TypeOrmModule.forRoot(connection), TypeOrmModule.forFeature([User])],
  controllers: [AppController],
})
class AppModule {}

async function bootstrap() {
  const app = await NestFactory.create(AppModule);
  await app.listen(process.env["PORT"] ?? 3000);
}
bootstrap();
