/*
 * ask.js - one question of Prometheus' completion client to a server, its answer as JSON.
 *
 *   node ask.js URL metricNames|labelNames|labelValues|series|metricMetadata|flags [ARGUMENT...]
 *   node ask.js URL complete TEXT     what an editor offers behind TEXT: what begins with its last word
 *
 * The packages are those of package.json, in build/npm. Environment: METHOD=GET asks by GET, LOOKBACK=ms for a
 * time only. Ends with 1 when the server answered with an error.
 */
'use strict';

const { createRequire } = require('module');
const from = createRequire(process.cwd() + '/build/npm/');
const { HTTPPrometheusClient } = from('@prometheus-io/codemirror-promql/dist/cjs/client/prometheus.js');
const { newCompleteStrategy, promQLLanguage } = from('@prometheus-io/codemirror-promql');
const { EditorState } = from('@codemirror/state');
const { CompletionContext } = from('@codemirror/autocomplete');

const [url, question, ...args] = process.argv.slice(2);
const client = new HTTPPrometheusClient({
	url,
	httpMethod: process.env.METHOD || 'POST',
	lookbackInterval: Number(process.env.LOOKBACK || 0),
	httpErrorHandler: (error) => {
		console.error(String(error));
		process.exitCode = 1;
	},
});

async function complete(text) {
	const state = EditorState.create({ doc: text, extensions: [promQLLanguage('PromQL')] });
	const offered = await newCompleteStrategy({ remote: client }).promQL(new CompletionContext(state, text.length, true));
	const word = text.slice(offered.from);
	return offered.options.filter((o) => o.label.startsWith(word)).map(({ label, detail, info }) => ({ label, detail, info }));
}

(question === 'complete' ? complete(...args) : client[question](...args)).then(
	(answer) => console.log(JSON.stringify(answer)));
