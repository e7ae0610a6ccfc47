package tokenizer

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"mslora/internal/hint"
)

const long = 1 << 20 // more tokens than any text here

func open(t testing.TB, folder string) *Tokenizer {
	t.Helper()
	tokenizer, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tokenizer.Close() })
	return tokenizer
}

// folders have a tokenizer for each family, BERT's first.
var folders = []string{"testdata", "testdata/roberta", "testdata/llama", "testdata/smollm", "testdata/gpt2"}

// encodings are texts with the ids that the Python library gives, see testdata/make.py.
func encodings(t testing.TB, folder string) (all []struct {
	Text string
	IDs  []int32
}) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, "encodings.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatalf("%s/encodings.json is empty", folder)
	}
	return all
}

func TestEncodeAsPythonDoes(t *testing.T) {
	for _, folder := range folders {
		tokenizer := open(t, folder)
		for _, want := range encodings(t, folder) {
			if len(want.IDs) == 0 {
				want.IDs = tokenizer.empty
			}
			if got := tokenizer.Encode(want.Text, long); !slices.Equal(got, want.IDs) {
				t.Errorf("%s: %q\nids  %v\nwant %v", folder, want.Text, got, want.IDs)
			}
		}
	}
}

func TestEncodeTruncates(t *testing.T) {
	tokenizer := open(t, "testdata")
	text := "the film is not good"
	whole := tokenizer.Encode(text, long)
	closing := whole[len(whole)-1]
	if len(whole) != 7 {
		t.Fatalf("%d tokens, want 7", len(whole))
	}
	for limit := 2; limit <= 8; limit++ {
		want := slices.Clone(whole)
		if limit < len(whole) {
			want = append(slices.Clone(whole[:limit-1]), closing)
		}
		if got := tokenizer.Encode(text, limit); !slices.Equal(got, want) {
			t.Errorf("at most %d tokens: %v, want %v", limit, got, want)
		}
	}
}

// Reading the first words of a long text gives the tokens that reading all of it gives, whatever stands between the words.
func TestEncodeLongTexts(t *testing.T) {
	words := []string{"the", "film", "is", "not", "good", "unwatchable", "naïve", "電影", "👍🏽", ",", "\u200b", "e\u0301", "\u0301", "Straße", "\x00", "x1b", "<s>", "[CLS]"}
	spaces := []string{" ", "  ", "\n", "\t ", " \n ", "\u00a0", "", "   "}
	random := rand.New(rand.NewPCG(1, 2))
	for _, folder := range folders {
		tokenizer := open(t, folder)
		for range 300 {
			var text strings.Builder
			for range random.IntN(400) {
				text.WriteString(words[random.IntN(len(words))] + spaces[random.IntN(len(spaces))])
			}
			limit := 2 + random.IntN(40)
			want := tokenizer.Encode(text.String(), 1<<20)
			if cut := len(want) - limit; cut > 0 {
				want = slices.Delete(want, len(want)-tokenizer.closing-cut, len(want)-tokenizer.closing)
			}
			if got := tokenizer.Encode(text.String(), limit); !slices.Equal(got, want) {
				t.Fatalf("%s: at most %d tokens of %q: %v, want %v", folder, limit, text.String(), got, want)
			}
		}
	}
}

func TestEncodeNoRoomPanics(t *testing.T) {
	tokenizer := open(t, "testdata")
	for _, limit := range []int{1, 0, -1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("at most %d tokens: no panic", limit)
				}
			}()
			tokenizer.Encode("the film", limit)
		}()
	}
}

func TestEncodeKeepsTextAfterNUL(t *testing.T) {
	tokenizer := open(t, "testdata")
	got, want := tokenizer.Encode("the\x00film", long), tokenizer.Encode("the film", long)
	if !slices.Equal(got, want) {
		t.Errorf("ids %v, want %v", got, want)
	}
}

func TestEncodeConcurrently(t *testing.T) {
	tokenizer := open(t, "testdata")
	all := encodings(t, "testdata")
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for _, want := range all {
				if got := tokenizer.Encode(want.Text, long); !slices.Equal(got, want.IDs) {
					t.Errorf("%q: ids %v, want %v", want.Text, got, want.IDs)
				}
			}
		})
	}
	group.Wait()
}

// folder copies the test tokenizer with some files replaced; "" leaves a file out.
func folder(t *testing.T, replace map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"tokenizer.json", "config.json"} {
		text, replaced := replace[name]
		if !replaced {
			data, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			text = string(data)
		}
		if text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// changed gives the test tokenizer after a change to its settings.
func changed(t *testing.T, change func(settings map[string]any)) string {
	t.Helper()
	data, err := os.ReadFile("testdata/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	var settings map[string]any
	if err := json.Unmarshal(data, &settings); err != nil {
		t.Fatal(err)
	}
	change(settings)
	data, err = json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// unframed has no step that adds [CLS] and [SEP].
func unframed(t *testing.T) string {
	return changed(t, func(settings map[string]any) { settings["post_processor"] = nil })
}

// moved has one token under another id.
func moved(t *testing.T, token string, id int) string {
	return changed(t, func(settings map[string]any) {
		settings["model"].(map[string]any)["vocab"].(map[string]any)[token] = id
	})
}

func TestOpenErrors(t *testing.T) {
	for _, test := range []struct {
		name    string
		files   map[string]string
		message string // its beginning
		hint    string
		is      error
	}{
		{"no tokenizer", map[string]string{"tokenizer.json": ""}, "open DIR/tokenizer.json: no such file or directory", "save the model's fast tokenizer", fs.ErrNotExist},
		{"no configuration", map[string]string{"config.json": ""}, "open DIR/config.json: no such file or directory", "", fs.ErrNotExist},
		{"not JSON", map[string]string{"tokenizer.json": "PAR1"}, "DIR/tokenizer.json: invalid character 'P'", "", nil},
		{"cut off", map[string]string{"tokenizer.json": `{"version": "1.0", "model": {"type": "WordPi`}, "DIR/tokenizer.json: unexpected end of JSON input", "", nil},
		{"null", map[string]string{"tokenizer.json": "null"}, "DIR/tokenizer.json: ", "Hugging Face tokenizers", nil},
		{"another kind of file", map[string]string{"tokenizer.json": `{"do_lower_case": true}`}, "DIR/tokenizer.json: ", "Hugging Face tokenizers", nil},
		{"configuration is not JSON", map[string]string{"config.json": "<html>"}, "DIR/config.json: invalid character '<'", "", nil},
		{"another model's tokenizer", map[string]string{"config.json": `{"vocab_size": 100}`}, "DIR/tokenizer.json has 195 tokens, the model only 100 (vocab_size in config.json)", "from the same model", nil},
		{"no vocabulary size", map[string]string{"config.json": `{}`}, "DIR/tokenizer.json has 195 tokens, the model only 0", "from the same model", nil},
		{"ids with gaps", map[string]string{"tokenizer.json": moved(t, "film", 195)}, "DIR/tokenizer.json has 196 tokens, the model only 195", "from the same model", nil},
		{"no special tokens", map[string]string{"tokenizer.json": unframed(t)}, "DIR/tokenizer.json adds 0 special tokens to a text, expected [CLS] and [SEP]", "post_processor", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := folder(t, test.files)
			tokenizer, err := Open(dir)
			if err == nil {
				tokenizer.Close()
				t.Fatal("no error")
			}
			if message := strings.ReplaceAll(err.Error(), dir, "DIR"); !strings.HasPrefix(message, test.message) {
				t.Errorf("error %q\nwant  %q…", message, test.message)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q has more than one line", err)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("%v hides %v", err, test.is)
			}
			var hinted *hint.Error
			if test.hint != "" && (!errors.As(err, &hinted) || !strings.Contains(hinted.Hint, test.hint)) {
				t.Errorf("%v lacks the hint %q", err, test.hint)
			}
		})
	}
}

// A causal model has special tokens before a text only, or none.
func TestEncodeCausal(t *testing.T) {
	const text = "the film is not good"
	for _, test := range []struct {
		folder string
		empty  []int32
	}{{"testdata/llama", []int32{1}}, {"testdata/smollm", []int32{1}}, {"testdata/gpt2", []int32{340}}} {
		tokenizer := open(t, test.folder)
		if got := tokenizer.Encode("", long); !slices.Equal(got, test.empty) {
			t.Errorf("%s: an empty text is %v, want %v", test.folder, got, test.empty)
		}
		whole := tokenizer.Encode(text, long)
		for limit := 1; limit < len(whole); limit++ {
			if got := tokenizer.Encode(text, limit); !slices.Equal(got, whole[:limit]) {
				t.Errorf("%s: at most %d tokens: %v, want %v", test.folder, limit, got, whole[:limit])
			}
		}
	}
}

// A tokenizer that closes each text keeps doing so when it truncates.
func TestEncodeLlamaClosing(t *testing.T) {
	data, err := os.ReadFile("testdata/llama/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	var settings map[string]any
	if err := json.Unmarshal(data, &settings); err != nil {
		t.Fatal(err)
	}
	processor := settings["post_processor"].(map[string]any)
	closing := map[string]any{"SpecialToken": map[string]any{"id": "</s>", "type_id": 0}}
	processor["single"] = append(processor["single"].([]any), closing)
	processor["special_tokens"].(map[string]any)["</s>"] = map[string]any{"id": "</s>", "ids": []int{2}, "tokens": []string{"</s>"}}
	if data, err = json.Marshal(settings); err != nil {
		t.Fatal(err)
	}
	tokenizer := open(t, folder(t, map[string]string{"config.json": `{"model_type": "llama", "vocab_size": 1000}`, "tokenizer.json": string(data)}))
	whole := tokenizer.Encode("the film is not good", long)
	for limit := 2; limit < len(whole); limit++ {
		if got, want := tokenizer.Encode("the film is not good", limit), append(slices.Clone(whole[:limit-1]), 2); !slices.Equal(got, want) {
			t.Errorf("at most %d tokens: %v, want %v", limit, got, want)
		}
	}
}

func TestOpenLlamaErrors(t *testing.T) {
	data, err := os.ReadFile("testdata/smollm/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"null", "-1", "1000"} {
		config := `{"model_type": "llama", "vocab_size": 1000, "bos_token_id": ` + id + `}`
		tokenizer, err := Open(folder(t, map[string]string{"config.json": config, "tokenizer.json": string(data)}))
		if err == nil {
			tokenizer.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "adds no special tokens, and bos_token_id is ") {
			t.Errorf("bos_token_id %s: got %v", id, err)
		}
	}
}

// A tokenizer and a configuration of different models are noticed by the special tokens.
func TestOpenRobertaErrors(t *testing.T) {
	read := func(name string) string {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	config, tokenizer := read("testdata/roberta/config.json"), read("testdata/roberta/tokenizer.json")
	for _, test := range []struct{ name, config, tokenizer, want string }{
		{"BERT's tokenizer", config, read("testdata/tokenizer.json"), "frames a text with tokens [2 3], but bos_token_id is 0 in "},
		{"another end", strings.Replace(config, `"eos_token_id": 2`, `"eos_token_id": 4`, 1), tokenizer, "frames a text with tokens [0 2], but eos_token_id is 4 in "},
		{"no frame", config, unframed(t), "adds 0 special tokens to a text, expected <s> and </s>"},
	} {
		t.Run(test.name, func(t *testing.T) {
			opened, err := Open(folder(t, map[string]string{"config.json": test.config, "tokenizer.json": test.tokenizer}))
			if err == nil {
				opened.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q, want %q in it", err, test.want)
			}
		})
	}
}

// FuzzEncode feeds texts of all kinds: ids stay in the vocabulary and within the limit, framed.
func FuzzEncode(f *testing.F) {
	for _, e := range encodings(f, "testdata") {
		f.Add(e.Text, 10)
	}
	f.Add("\xff\xfe broken", 5)
	tokenizer := open(f, "testdata")
	empty := tokenizer.Encode("", long)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = max(limit, len(empty))
		ids := tokenizer.Encode(text, limit)
		if len(ids) < len(empty) || len(ids) > limit {
			t.Fatalf("%d ids, limit %d", len(ids), limit)
		}
		if ids[0] != empty[0] || ids[len(ids)-1] != empty[1] {
			t.Fatalf("%v is not framed", ids)
		}
		for _, id := range ids {
			if id < 0 || id >= int32(tokenizer.library.VocabSize()) {
				t.Fatalf("id %d is beyond the vocabulary", id)
			}
		}
	})
}

// EncodeCut tells of texts that have more tokens than they keep.
func TestEncodeCut(t *testing.T) {
	for _, folder := range folders {
		tokenizer := open(t, folder)
		const text = "the film is not good"
		whole := tokenizer.Encode(text, long)
		for limit, want := range map[int]bool{long: false, len(whole): false, len(whole) - 1: true} {
			if ids, isCut := tokenizer.EncodeCut(text, limit); isCut != want || len(ids) != min(limit, len(whole)) {
				t.Errorf("%s: at most %d of %d tokens: %d, cut: %v", folder, limit, len(whole), len(ids), isCut)
			}
		}
		if ids, isCut := tokenizer.EncodeCut("", len(tokenizer.empty)); isCut || !slices.Equal(ids, tokenizer.empty) {
			t.Errorf("%s: an empty text is %v, cut: %v", folder, ids, isCut)
		}
	}
}

func TestSpecialAndUnknown(t *testing.T) {
	for _, test := range []struct {
		folder  string
		special int
		unknown int32
	}{
		{"testdata", 2, 1}, {"testdata/roberta", 2, -1}, {"testdata/llama", 1, 0}, {"testdata/smollm", 0, -1}, {"testdata/gpt2", 0, -1},
	} {
		tokenizer := open(t, test.folder)
		if tokenizer.Special() != test.special || tokenizer.Unknown() != test.unknown {
			t.Errorf("%s: %d special tokens and the unknown token %d, want %d and %d", test.folder, tokenizer.Special(), tokenizer.Unknown(), test.special, test.unknown)
		}
		if ids := tokenizer.Encode("the ☃", long); test.special == 2 && test.unknown >= 0 && !slices.Contains(ids, test.unknown) {
			t.Errorf("%s: %v has no unknown token", test.folder, ids)
		}
	}
}
