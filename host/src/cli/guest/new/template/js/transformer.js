// The transformer `__NAME__`: the Messages API with one member of the request changed.

import { Exchange, define } from "./vendor/transom/guests/js/sdk/sdk.js";

class Transformer extends Exchange {
  request(body) {
    body.temperature = this.options.temperature;
    return { headers: this.clientHeaders(), body };
  }
}

export const transformer = define({
  name: "__NAME__",
  version: "0.1.0",
  // The provider's `options` in transom's configuration, with what holds where it says nothing.
  options: { temperature: 0.2 },
  exchange: Transformer,
});
