// What shop.service serves. It knows nothing of systemd: the socket is the supervisor's business.

export default (_request, response) => {
  response.end("Hello from systemd\n");
};
