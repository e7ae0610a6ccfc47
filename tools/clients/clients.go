package main

import (
	"os"
	"path/filepath"
	"regexp"

	"mslora/internal/hint"
)

// client is a program that opens a classifier's folder, and how to get what it needs. Commands run in the repository's root and are split
// at spaces.
type client struct {
	name    string   // as its makers write it
	program string   // its source below tools/clients, which users copy
	call    string   // what opens the folder, which the program has with folder for "FOLDER"; so does the model card
	pins    []pin    // the versions that the table gives
	tools   []string // programs that must be there
	fetch   []string // commands that get packages; where one fails the client is skipped
	build   []string // commands without a network
	run     string   // the command, with FOLDER, TEXTS and BASE for their paths
	environ []string // further variables, with LIBRARY for ONNX Runtime's path

	texts  int     // how many of the texts it is asked, 0 for all
	longer float64 // largest difference allowed on texts longer than the model reads; 0 for bound
	others float64 // and on the others
	remark string
}

// pin says where the version of a client stands: a file, and an expression whose group is the version.
type pin struct{ file, expression string }

const (
	python   = ".deps/export/bin/python"
	packages = "make --no-print-directory .deps/export/.stamp"
	exporter = "tools/requirements-export.txt"
	noEnding = "cuts long texts after it has put `[SEP]` behind them, which drops it"
)

var clients = []client{{
	name: "transformers", program: "transformers/classify.py", call: `pipeline("text-classification", model="FOLDER")`,
	pins: []pin{{exporter, `transformers==(\S+)`}}, fetch: []string{packages}, run: python + " tools/clients/transformers/classify.py FOLDER TEXTS",
	remark: "ask it with `truncation=True`",
}, {
	name: "PEFT", program: "peft/classify.py", call: `PeftModel.from_pretrained(base, "FOLDER/adapter")`,
	pins: []pin{{exporter, `peft==(\S+)`}}, fetch: []string{packages}, run: python + " tools/clients/peft/classify.py FOLDER TEXTS BASE",
	remark: "`base` is the base model with the classifier's `config.json`",
}, {
	name: "ONNX Runtime", program: "onnxruntime/classify.py", call: `InferenceSession("FOLDER/onnx/model.onnx")`,
	pins: []pin{{exporter, `onnxruntime==(\S+)`}}, fetch: []string{packages}, run: python + " tools/clients/onnxruntime/classify.py FOLDER TEXTS",
	remark: "tokens by `Tokenizer.from_file(\"FOLDER/tokenizer.json\")`, which cuts long texts",
}, {
	name: "optimum", program: "optimum/classify.py", call: `ORTModelForSequenceClassification.from_pretrained("FOLDER")`,
	pins: []pin{{"tools/clients/optimum/requirements.txt", `optimum==(\S+)`}, {"tools/clients/optimum/requirements.txt", `optimum-onnx==(\S+)`}},
	fetch: []string{packages, python + " -m pip install --quiet --no-deps --upgrade --target .deps/clients/optimum" +
		" --requirement tools/clients/optimum/requirements.txt"},
	run:     python + " tools/clients/optimum/classify.py FOLDER TEXTS",
	environ: []string{"PYTHONPATH=.deps/clients/optimum"},
	remark:  "needs transformers 4",
}, {
	name: "transformers.js", program: "transformers.js/classify.js", call: `pipeline("text-classification", "FOLDER", { dtype: "fp32" })`,
	pins:  []pin{{"tools/clients/transformers.js/package.json", `"@huggingface/transformers": "(.+)"`}},
	tools: []string{"node", "npm"},
	// node looks for packages beside the program.
	fetch: []string{"mkdir -p .deps/clients", "cp -R tools/clients/transformers.js .deps/clients/",
		"npm ci --silent --ignore-scripts --prefix .deps/clients/transformers.js"},
	run:    "node .deps/clients/transformers.js/classify.js FOLDER TEXTS",
	longer: 0.3, remark: noEnding,
}, {
	name: "hugot", program: "hugot/main.go", call: `hugot.NewPipeline(session, hugot.TextClassificationConfig{ModelPath: ".", OnnxFilename: "model.onnx", …})`,
	pins: []pin{{"tools/clients/hugot/go.mod", `hugot (\S+)`}}, tools: []string{"go"},
	fetch:  []string{"go -C tools/clients/hugot mod download"},
	build:  []string{"go -C tools/clients/hugot build -o ../../../.deps/clients/hugot/classify ."},
	run:    ".deps/clients/hugot/classify FOLDER TEXTS",
	texts:  30,
	longer: 0.3, others: 0.3, remark: "pure Go; must run inside the folder; its tokenizer keeps accents; " + noEnding,
}, {
	name: "ONNX Runtime and DJL in Java", program: "java/Classify.java", call: `createSession("FOLDER/onnx/model.onnx")`,
	pins:   []pin{{"tools/clients/java/pom.xml", `onnxruntime</artifactId>\s*<version>(.+)</version>`}, {"tools/clients/java/pom.xml", `tokenizers</artifactId>\s*<version>(.+)</version>`}},
	tools:  []string{"java", "mvn"},
	fetch:  []string{"mvn --batch-mode --quiet --file tools/clients/java dependency:copy-dependencies -DoutputDirectory=../../../.deps/clients/java"},
	run:    "java -cp .deps/clients/java/* tools/clients/java/Classify.java FOLDER TEXTS",
	remark: "tokens by DJL's `HuggingFaceTokenizer`; DJL's own translator does not read the output",
}, {
	name: "ort in Rust", program: "rust/main.rs", call: `commit_from_file("FOLDER/onnx/model.onnx")`,
	pins:    []pin{{"tools/clients/rust/Cargo.toml", `ort = \{ version = "=(.+?)"`}},
	tools:   []string{"cargo"},
	fetch:   []string{"cargo fetch --quiet --locked --manifest-path tools/clients/rust/Cargo.toml"},
	build:   []string{"cargo build --quiet --release --locked --offline --manifest-path tools/clients/rust/Cargo.toml --target-dir .deps/clients/rust"},
	run:     ".deps/clients/rust/release/classify FOLDER TEXTS",
	environ: []string{"ORT_DYLIB_PATH=LIBRARY"},
	remark:  "with the crate tokenizers",
}}

// version reads the versions of a client below root, which are pinned in its ecosystem's own file.
func (c client) version(root string) (string, error) {
	text := ""
	for _, p := range c.pins {
		content, err := os.ReadFile(filepath.Join(root, p.file))
		if err != nil {
			return "", err
		}
		found := regexp.MustCompile(p.expression).FindSubmatch(content)
		if found == nil {
			return "", hint.New("mend the row in tools/clients/clients.go", "%s has no version of %s", p.file, c.name)
		}
		if text != "" {
			text += ", "
		}
		text += string(found[1])
	}
	return text, nil
}
