using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const main :Workerd.Worker = (
  # Before there was a FinalizationRegistry (2025-05-05): it has to do without.
  compatibilityDate = "2023-03-01",
  modules = [
    (name = "main", esModule = embed "out/workerd.js"),
    (name = "ntk-wasm/simd.wasm", wasm = embed "node_modules/ntk-wasm/build/simd.wasm"),
  ],
);
