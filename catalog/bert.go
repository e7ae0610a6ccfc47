package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"mslora/internal/atomicfile"
	"mslora/internal/safetensors"
)

// bertFiles are those that writeBERT leaves.
var bertFiles = []string{"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt"}

// writeBERT writes an uncased BERT encoder with a number of attention heads into a new folder, out of a file of weights and a
// vocabulary. The bytes depend on weights, vocabulary and heads alone; tools/weights/bert.py writes the same ones, so that a
// model has one checksum whatever way it came.
func writeBERT(folder, weights, vocabulary string, heads int, pooler bool) error {
	words, err := readVocabulary(vocabulary)
	if err != nil {
		return err
	}
	file, err := safetensors.Open(weights)
	if err != nil {
		return err
	}
	defer file.Close()
	tensors, err := encoderTensors(file, pooler)
	if err != nil {
		return err
	}
	config, err := bertConfig(tensors, heads)
	if err != nil {
		return err
	}
	tokenizer, err := bertTokenizer(words)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := safetensors.Write(filepath.Join(folder, "model.safetensors"), tensors, map[string]string{"format": "pt"}); err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"config.json": append(config, '\n'), "tokenizer.json": tokenizer, "tokenizer_config.json": []byte(bertTokenizerConfig + "\n"),
		"vocab.txt": []byte(strings.Join(words, "\n") + "\n"),
	} {
		if err := atomicfile.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// readVocabulary gives the tokens in the order of their ids. Other separators than the newline belong to tokens.
func readVocabulary(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n"), err
}

// Names of old releases, and of what is no part of the encoder.
var (
	gamma = regexp.MustCompile(`\.gamma$`)
	beta  = regexp.MustCompile(`\.beta$`)
)

// encoderTensors picks the tensors that the graphs use, under the names of transformers' BertModel. Heads of pretraining
// and the position numbers that old releases stored are left out.
func encoderTensors(file *safetensors.File, pooler bool) (arrays []safetensors.Array, err error) {
	for _, name := range file.Names() {
		tensor, _ := file.Tensor(name)
		kept := gamma.ReplaceAllString(beta.ReplaceAllString(strings.TrimPrefix(name, "bert."), ".bias"), ".weight")
		encoder := strings.HasPrefix(kept, "embeddings.") || strings.HasPrefix(kept, "encoder.") || pooler && strings.HasPrefix(kept, "pooler.")
		if !encoder || strings.HasSuffix(kept, ".position_ids") {
			continue
		}
		if tensor.DType != "F32" {
			return nil, fmt.Errorf("%s: tensor %s is %s, expected F32", file.Path, name, tensor.DType)
		}
		data, err := file.Bytes(name)
		if err != nil {
			return nil, err
		}
		arrays = append(arrays, safetensors.Array{Name: kept, DType: "F32", Shape: tensor.Shape, Data: data})
	}
	return arrays, nil
}

// bertConfig gives config.json. What the shapes do not tell is the same in every BERT.
func bertConfig(tensors []safetensors.Array, heads int) ([]byte, error) {
	shapes := map[string][]int64{}
	layers := map[string]bool{}
	for _, t := range tensors {
		shapes[t.Name] = t.Shape
		if parts := strings.Split(t.Name, "."); parts[0] == "encoder" && len(parts) > 2 {
			layers[parts[2]] = true
		}
	}
	rows := func(name string) int64 {
		if len(shapes[name]) == 2 {
			return shapes[name][0]
		}
		return 0
	}
	words := shapes["embeddings.word_embeddings.weight"]
	if len(words) != 2 {
		return nil, errors.New("the weights are not those of a BERT: there is no embeddings.word_embeddings.weight")
	}
	return indent(fmt.Sprintf(`{"architectures":["BertModel"],"model_type":"bert","vocab_size":%d,"hidden_size":%d,"num_hidden_layers":%d,`+
		`"num_attention_heads":%d,"intermediate_size":%d,"max_position_embeddings":%d,"type_vocab_size":%d,"hidden_act":"gelu",`+
		`"layer_norm_eps":1e-12,"hidden_dropout_prob":0.1,"attention_probs_dropout_prob":0.1,"initializer_range":0.02,"pad_token_id":0}`,
		words[0], words[1], len(layers), heads, rows("encoder.layer.0.intermediate.dense.weight"),
		rows("embeddings.position_embeddings.weight"), rows("embeddings.token_type_embeddings.weight")))
}

// indent lays compact JSON out as Python's json.dumps with indent=2 does.
func indent(compact string) ([]byte, error) {
	var b bytes.Buffer
	err := json.Indent(&b, []byte(compact), "", "  ")
	return b.Bytes(), err
}

const bertTokenizerConfig = `{
  "tokenizer_class": "BertTokenizer",
  "do_lower_case": true,
  "model_max_length": 512,
  "pad_token": "[PAD]",
  "unk_token": "[UNK]",
  "cls_token": "[CLS]",
  "sep_token": "[SEP]",
  "mask_token": "[MASK]"
}`

// specialTokens of a BERT.
var specialTokens = []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}

// bertTokenizer gives tokenizer.json of the uncased WordPiece tokenizer, fields in the order in which the library writes
// them.
func bertTokenizer(words []string) ([]byte, error) {
	ids := map[string]int{}
	var vocabulary bytes.Buffer
	encoder := json.NewEncoder(&vocabulary)
	encoder.SetEscapeHTML(false)
	for id, word := range words {
		ids[word] = id
		if id > 0 {
			vocabulary.WriteByte(',')
		}
		if err := encoder.Encode(word); err != nil {
			return nil, err
		}
		fmt.Fprintf(&vocabulary, ":%d", id)
	}
	var added []string
	for _, token := range specialTokens {
		id, ok := ids[token]
		if !ok {
			return nil, fmt.Errorf("the vocabulary has no %s", token)
		}
		added = append(added, fmt.Sprintf(`{"id":%d,"content":%q,"single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}`, id, token))
	}
	item := func(kind, id string, segment int) string {
		return fmt.Sprintf(`{%q:{"id":%q,"type_id":%d}}`, kind, id, segment)
	}
	single := strings.Join([]string{item("SpecialToken", "[CLS]", 0), item("Sequence", "A", 0), item("SpecialToken", "[SEP]", 0)}, ",")
	special := func(token string) string {
		return fmt.Sprintf(`%q:{"id":%q,"ids":[%d],"tokens":[%q]}`, token, token, ids[token], token)
	}
	return indent(`{"version":"1.0","truncation":null,"padding":null,"added_tokens":[` + strings.Join(added, ",") + `],` +
		`"normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},` +
		`"pre_tokenizer":{"type":"BertPreTokenizer"},` +
		`"post_processor":{"type":"TemplateProcessing","single":[` + single + `],` +
		`"pair":[` + single + "," + item("Sequence", "B", 1) + "," + item("SpecialToken", "[SEP]", 1) + `],` +
		`"special_tokens":{` + special("[CLS]") + "," + special("[SEP]") + `}},` +
		`"decoder":{"type":"WordPiece","prefix":"##","cleanup":true},` +
		`"model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,` +
		`"vocab":{` + vocabulary.String() + `}}}`)
}
