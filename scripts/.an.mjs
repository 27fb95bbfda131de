import { build } from "esbuild"; import {gzipSync} from "node:zlib";
const entry = process.argv[2];
const r = await build({ entryPoints:[entry], bundle:true, minify:true, format:"esm", target:"es2022", metafile:true, write:false, alias: {"ntk-wasm/slim":"/work/wt/views/dist/slim.js","ntk-wasm":"/work/wt/views/dist/index.js"}, external:["*.wasm?url"], splitting:false, external:["node:*"], loader:{}, plugins:[{name:"w",setup(b){b.onResolve({filter:/wasm\?url$/},()=>({path:"x",external:true}))}}]});
const out = r.outputFiles[0].contents; console.log("total", out.length, gzipSync(out,{level:9}).length);
const dirs={}, files={};
for (const [f,{bytesInOutput}] of Object.entries(Object.values(r.metafile.outputs)[0].inputs)) { const k=f.replace(/^.*dist\//,"dist/"); const d=k.split("/").slice(0,3).join("/"); files[k]=bytesInOutput; const dd=k.split("/").slice(0,-1).join("/"); dirs[dd]=(dirs[dd]??0)+bytesInOutput; }
console.log(Object.entries(dirs).sort((a,b)=>b[1]-a[1]).map(([k,v])=>v+" "+k).join("\n"));
console.log(Object.entries(files).sort((a,b)=>b[1]-a[1]).slice(0,70).map(([k,v])=>v+" "+k).join("\n"));
