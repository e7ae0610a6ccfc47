// Package tokenizer turns texts into token ids with a model's own tokenizer.json. It is the only importer
// of daulet/tokenizers and tells the linker where that library lies.
package tokenizer

/*
#cgo LDFLAGS: -L${SRCDIR}/../../.deps/lib
*/
import "C"

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/daulet/tokenizers"

	"mslora/internal/hint"
	"mslora/internal/regular"
)

// Tokenizer encodes texts. It is safe for concurrent use.
type Tokenizer struct {
	library *tokenizers.Tokenizer
	closing int     // special tokens after a text, which truncation keeps
	empty   []int32 // what an empty text becomes: the special tokens around it, at least one
	special int     // number of special tokens around a text
	unknown int32   // the token that stands for what has none, -1 if the tokenizer has no such token
}

// longestFile bounds tokenizer.json and config.json, in bytes. The longest known tokenizer.json has 33 MB.
const longestFile = 256 << 20

// Open reads tokenizer.json of a Hugging Face model folder. Its own padding and truncation are switched
// off: batches are packed without padding, and Encode truncates. The tokenizer must fit the model that
// config.json beside it describes.
func Open(folder string) (*Tokenizer, error) {
	path := filepath.Join(folder, "tokenizer.json")
	data, err := regular.Read(path, longestFile)
	if err != nil {
		return nil, hint.New("save the model's fast tokenizer into the same folder", "%w", err)
	}
	var settings map[string]json.RawMessage
	if err := json.Unmarshal(data, &settings); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if settings == nil { // the file says null
		settings = map[string]json.RawMessage{}
	}
	settings["padding"], settings["truncation"] = json.RawMessage("null"), json.RawMessage("null")
	if data, err = json.Marshal(settings); err != nil {
		return nil, err
	}
	library, err := tokenizers.FromBytes(data)
	if err != nil {
		return nil, hint.New("it must be a tokenizer.json of Hugging Face tokenizers", "%s: %w", path, err)
	}
	end, unknown := readVocabulary(data)
	t := &Tokenizer{library: library, unknown: unknown}
	if err := t.check(folder, path, end); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// readVocabulary gives the number after the largest id in a tokenizer.json, which is more than the number of tokens
// if ids are left out, and the id of the unknown token, -1 if there is none.
func readVocabulary(data []byte) (end int, unknown int32) {
	var file struct {
		Model struct {
			Vocabulary map[string]int `json:"vocab"`
			Unknown    string         `json:"unk_token"`
		} `json:"model"`
		Added []struct {
			ID int `json:"id"`
		} `json:"added_tokens"`
	}
	// An error means a vocabulary of another form, a list: there the ids are the places.
	_ = json.Unmarshal(data, &file)
	for _, id := range file.Model.Vocabulary {
		end = max(end, id+1)
	}
	for _, token := range file.Added {
		end = max(end, token.ID+1)
	}
	unknown = -1
	if id, ok := file.Model.Vocabulary[file.Model.Unknown]; ok && file.Model.Unknown != "" {
		unknown = int32(id)
	}
	return end, unknown
}

// Special gives the number of special tokens that Encode puts around a text.
func (t *Tokenizer) Special() int { return t.special }

// Unknown gives the id of the token that stands for what the tokenizer has no token for, such as [UNK]; -1 if it has none.
func (t *Tokenizer) Unknown() int32 { return t.unknown }

// modelConfig is the part of config.json that the tokenizer must fit. Ids are numbers, null, or lists of them.
type modelConfig struct {
	path       string
	ModelType  string `json:"model_type"`
	Vocabulary int    `json:"vocab_size"`
	Opening    any    `json:"bos_token_id"`
	Closing    any    `json:"eos_token_id"`
}

// check compares the tokenizer with the model: an id beyond the embedding table has no vector, and a text
// that is not framed as the model expects has no token to classify it by.
func (t *Tokenizer) check(folder, path string, idsEnd int) error {
	config := modelConfig{path: filepath.Join(folder, "config.json")}
	data, err := regular.Read(config.path, longestFile)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &config); err != nil {
		return fmt.Errorf("%s: %w", config.path, err)
	}
	if size := max(idsEnd, int(t.library.VocabSize())); size > config.Vocabulary {
		return hint.New("take tokenizer.json and model.safetensors from the same model",
			"%s has %d tokens, the model only %d (vocab_size in config.json)", path, size, config.Vocabulary)
	}
	for _, id := range t.library.EncodeWithOptions("", true).IDs {
		t.empty = append(t.empty, int32(id))
	}
	t.special = len(t.empty)
	switch config.ModelType {
	case "llama", "gpt2":
		return t.checkDecoder(path, config)
	}
	return t.checkEncoder(path, config)
}

// checkEncoder wants one special token before each text, by which it is classified, and one after it: BERT's
// [CLS] and [SEP], RoBERTa's <s> and </s>.
func (t *Tokenizer) checkEncoder(path string, config modelConfig) error {
	t.closing = 1
	names := "[CLS] and [SEP]"
	if config.ModelType == "roberta" {
		names = "<s> and </s>"
	}
	if len(t.empty) != 2 {
		return hint.New("its post_processor must frame each text with the model's two special tokens",
			"%s adds %d special tokens to a text, expected %s", path, len(t.empty), names)
	}
	if config.ModelType != "roberta" { // BERT's configuration does not name these ids
		return nil
	}
	for i, expected := range []struct {
		name string
		id   any
	}{{"bos_token_id", config.Opening}, {"eos_token_id", config.Closing}} {
		if id, ok := expected.id.(float64); ok && float64(t.empty[i]) != id {
			return hint.New("take tokenizer.json and config.json from the same model",
				"%s frames a text with tokens %d, but %s is %v in %s", path, t.empty, expected.name, id, config.path)
		}
	}
	return nil
}

// checkDecoder takes the special tokens as they are: a text is classified by its last token, whatever that
// is. An empty text without special tokens becomes the model's first token.
func (t *Tokenizer) checkDecoder(path string, config modelConfig) error {
	special := t.library.EncodeWithOptions("a", true, tokenizers.WithReturnSpecialTokensMask()).SpecialTokensMask
	for t.closing < len(special) && special[len(special)-1-t.closing] == 1 {
		t.closing++
	}
	if len(t.empty) > 0 {
		return nil
	}
	id, ok := config.Opening.(float64)
	if !ok || id < 0 || int(id) >= config.Vocabulary {
		return hint.New("set bos_token_id to the id of the model's first token",
			"%s adds no special tokens, and bos_token_id is %v in %s", path, config.Opening, config.path)
	}
	t.empty = []int32{int32(id)}
	return nil
}

// Encode gives the ids of text with the model's special tokens, at most maxTokens of them: a longer text
// loses its end but keeps the closing special token. There is at least one token. It panics if maxTokens
// leaves no room for the special tokens. NUL, after which the library would drop the rest of the text,
// counts as a space.
func (t *Tokenizer) Encode(text string, maxTokens int) []int32 {
	ids, _ := t.EncodeCut(text, maxTokens)
	return ids
}

// EncodeCut is Encode; it tells, too, whether the text has more tokens than maxTokens.
func (t *Tokenizer) EncodeCut(text string, maxTokens int) (ids []int32, isCut bool) {
	if maxTokens < len(t.empty) {
		panic(fmt.Sprintf("tokenizer: at most %d tokens, expected %d at least", maxTokens, len(t.empty)))
	}
	text = strings.ReplaceAll(text, "\x00", " ")
	// The library needs some 0.5 KB of memory for each byte. Nearly every word is a token or more, so a few words more than there may
	// be tokens are enough; where they are not, as in a text without spaces, all of it is read.
	head := firstWords(text, 2*maxTokens+64)
	encoded := t.library.EncodeWithOptions(head, true).IDs
	if len(head) < len(text) && len(encoded) < maxTokens+t.closing {
		encoded = t.library.EncodeWithOptions(text, true).IDs
	}
	if len(encoded) == 0 {
		return slices.Clone(t.empty), false
	}
	cut := len(encoded) - maxTokens
	if cut > 0 {
		end := len(encoded) - t.closing
		encoded = slices.Delete(encoded, end-cut, end)
	}
	ids = make([]int32, len(encoded))
	for i, id := range encoded {
		ids[i] = int32(id)
	}
	return ids, cut > 0
}

// firstWords cuts a text before the space that ends its n-th word. Tokens do not reach over spaces.
func firstWords(text string, n int) string {
	for i := 1; i < len(text); i++ {
		if text[i] == ' ' && text[i-1] != ' ' {
			if n--; n == 0 {
				return text[:i]
			}
		}
	}
	return text
}

// Close frees the library's memory.
func (t *Tokenizer) Close() error { return t.library.Close() }
