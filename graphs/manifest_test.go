package graphs

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// smallManifest has an entry of each kind.
const smallManifest = `{"format":1,"architecture":"bert","layers":2,"hidden":36,"heads":3,"intermediate":50,
"method":"lora","kind":"train","dropout":0.1,"layer_norm_epsilon":1e-12,
"batch":[{"name":"input_ids","dtype":"int64","shape":["T"]}],
"scalars":[{"name":"lora_scale","dtype":"float32","shape":[1]}],
"keep_masks":[{"name":"keep.embeddings","dtype":"uint8","shape":["T",36]}],
"parameters":[{"name":"a","shape":["r",36],"init":"kaiming_uniform","module":"lora","gradient":"grad.a"}],
"frozen_inputs":[{"name":"classifier.bias","shape":["C"],"init":"zeros"}],
"weights":[{"name":"embeddings.word_embeddings.weight","shape":["V",36]}],
"outputs":[{"name":"loss","shape":[1]},{"name":"grad.a","shape":["r",36]}],
"sha256":"00"}`

func TestParseManifest(t *testing.T) {
	m, err := parseManifest([]byte(smallManifest))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.ArchitectureName(); got != "bert-2x36" {
		t.Errorf("architecture: got %s", got)
	}
	if want := []Dim{{Symbol: "r"}, {Size: 36}}; !reflect.DeepEqual(m.Parameters[0].Shape, want) {
		t.Errorf("shape: got %v, want %v", m.Parameters[0].Shape, want)
	}
	encoded, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	again, err := parseManifest(encoded)
	if err != nil || !reflect.DeepEqual(m, again) {
		t.Errorf("written and read again: %+v, %v", again, err)
	}
}

func TestParseManifestErrors(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"cut", `"sha256":"00"}`, ``, "EOF"},
		{"more", `"sha256":"00"}`, `"sha256":"00"}{}`, "goes on"},
		{"unknown field", `"format":1`, `"format":1,"version":2`, "version"},
		{"format", `"format":1`, `"format":2`, "format is 2, expected 1"},
		{"architecture", `"bert"`, `"t5"`, `architecture is "t5", expected bert, roberta, llama or gpt2`},
		{"position offset", `"format":1`, `"format":1,"position_offset":-1`, "position_offset is -1"},
		{"heads", `"heads":3`, `"heads":5`, "make no backbone"},
		{"method", `"lora","kind"`, `"gpt","kind"`, `method is "gpt", expected one of lora, `},
		{"kind", `"train"`, `"test"`, `kind is "test"`},
		{"dropout", `"dropout":0.1`, `"dropout":1`, "dropout is 1"},
		{"epsilon", `1e-12`, `0`, "layer_norm_epsilon"},
		{"no batch", `{"name":"input_ids","dtype":"int64","shape":["T"]}`, ``, "must not be empty"},
		{"dtype", `"int64"`, `"int32"`, `unknown dtype "int32"`},
		{"symbol", `["T",36]`, `["X",36]`, `unknown size "X"`},
		{"size", `["T",36]`, `["T",0]`, "size 0"},
		{"init of a parameter", `"kaiming_uniform"`, `"xavier"`, `unknown init "xavier"`},
		{"init of a frozen input", `"zeros"`, `"weights"`, `unknown init "weights"`},
		{"module", `"module":"lora"`, `"module":"pooler"`, `unknown module "pooler"`},
		{"gradient", `"gradient":"grad.a"`, `"gradient":"grad.b"`, "no output gives its gradient"},
		{"gradient of a table", `"gradient":"grad.a"`, `"gradient":""`, "no output gives its gradient"},
		{"table of a parameter with a gradient", `"gradient":"grad.a"`, `"gradient":"grad.a","table":"word"`, `parameter "a": table is "word"`},
		{"table of a weight", `["V",36]`, `["V",36],"table":"sentence"`, `weight "embeddings.word_embeddings.weight": table is "sentence", expected word, position, segment`},
		{"name used twice", `"name":"classifier.bias"`, `"name":"input_ids"`, `"input_ids" is empty or used twice`},
		{"weight that is an input", `"embeddings.word_embeddings.weight"`, `"a"`, `"a" is empty or used twice`},
		{"no name", `"name":"loss"`, `"name":""`, `"" is empty`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			changed := strings.Replace(smallManifest, test.old, test.new, 1)
			if changed == smallManifest {
				t.Fatal("the test changes nothing")
			}
			if _, err := parseManifest([]byte(changed)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

// An embedding table has a kind and rows, and only it has no gradient of its own.
func TestParseManifestTables(t *testing.T) {
	of := func(parameter string) string {
		changed := strings.Replace(smallManifest, `{"name":"grad.a","shape":["r",36]}`, `{"name":"grad.embeddings","shape":["T",36]}`, 1)
		return strings.Replace(changed, `"shape":["r",36],"init":"kaiming_uniform","module":"lora","gradient":"grad.a"`, parameter, 1)
	}
	for parameter, want := range map[string]string{
		`"shape":["P",36],"init":"weights","module":"backbone","gradient":"","table":"position"`: "",
		`"shape":["P",36],"init":"weights","module":"backbone","gradient":""`:                    `parameter "a": table is ""`,
		`"shape":["P",36],"init":"weights","module":"backbone","gradient":"","table":"row"`:      `parameter "a": table is "row"`,
		`"shape":[36],"init":"weights","module":"backbone","gradient":"","table":"word"`:         `parameter "a": table is "word" and shape [36]`,
	} {
		m, err := parseManifest([]byte(of(parameter)))
		if want == "" && (err != nil || m.Parameters[0].Table != PositionTable) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", parameter, err, want)
		}
	}
}

// A weight of another graph than Classification, or one that is no matrix, is not transposed.
func TestParseManifestTransposed(t *testing.T) {
	classify := strings.Replace(smallManifest, `"lora","kind":"train"`, `"classify","kind":"eval"`, 1)
	turned := func(manifest, shape string) string {
		return strings.Replace(manifest, `"weights":[`, `"weights":[{"name":"turned","shape":`+shape+`,"transposed":true},`, 1)
	}
	for _, test := range []struct{ manifest, want string }{
		{turned(classify, "[4,5]"), ""},
		{turned(classify, "[4]"), `weight "turned": transposed`},
		{turned(smallManifest, "[4,5]"), `weight "turned": transposed`},
	} {
		if _, err := parseManifest([]byte(test.manifest)); test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", test.manifest, err, test.want)
		}
	}
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(smallManifest))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseManifest(data)
		if err != nil {
			return
		}
		encoded, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseManifest(encoded); err != nil {
			t.Fatalf("accepted, but not once written again: %v", err)
		}
	})
}

func TestResolve(t *testing.T) {
	dims := []Dim{{Symbol: "k"}, {Size: 36}}
	shape, err := Resolve(dims, map[string]int64{"k": 9})
	if err != nil || !reflect.DeepEqual(shape, []int64{9, 36}) {
		t.Errorf("got %v, %v", shape, err)
	}
	if _, err := Resolve(dims, nil); err == nil || !strings.Contains(err.Error(), "size k of [k 36]") {
		t.Errorf("got %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	folder := t.TempDir()
	if _, err := Open(folder, "lora"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("empty folder: got %v", err)
	}
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("lora.train.json", smallManifest)
	if _, err := Open(folder, "lora"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no graph: got %v", err)
	}
	write("lora.train.onnx", "graph")
	if _, err := Open(folder, "lora"); err == nil || !strings.Contains(err.Error(), "lora.train.onnx: its SHA-256 is") {
		t.Errorf("wrong checksum: got %v", err)
	}
	write("full.train.json", smallManifest)
	if _, err := Open(folder, "full"); err == nil || !strings.Contains(err.Error(), "method lora") {
		t.Errorf("wrong method: got %v", err)
	}
	write("adapter.eval.json", strings.Replace(smallManifest, `"lora","kind":"train"`, `"eval","kind":"eval"`, 1))
	if _, err := Open(folder, "adapter.eval"); err == nil || !strings.Contains(err.Error(), "method eval") {
		t.Errorf("wrong evaluation graph: got %v", err)
	}
	write("eval.json", "{")
	if _, err := Open(folder, Evaluation); err == nil || !strings.Contains(err.Error(), "eval.json") {
		t.Errorf("broken manifest: got %v", err)
	}
}

func TestLoadErrors(t *testing.T) {
	for _, test := range [][2]string{{"bert-99x4", "lora"}, {"bert-12x768", "lora.eval"}, {"..", "lora"}, {"", ""}} {
		if _, err := (Store{}).Load(test[0], test[1]); err == nil {
			t.Errorf("%v was found", test)
		}
	}
	if _, err := (Store{}).Load("bert-99x4", "lora"); !errors.Is(err, ErrNoTopology) || !strings.Contains(err.Error(), "bert-99x4") {
		t.Errorf("got %v", err)
	}
}
