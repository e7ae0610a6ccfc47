package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"
)

// refusal is an error that an HTTP status belongs to.
type refusal struct {
	status  int
	message string
}

func (r refusal) Error() string { return r.message }

func refuse(status int, format string, arguments ...any) error {
	return refusal{status, fmt.Sprintf(format, arguments...)}
}

// request is what a client asks, checked.
type request struct {
	texts []string
	top   int // labels that are wanted of each text; 0: all
}

// inputs is one text or a list of texts.
type inputs []string

func (i *inputs) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		*i = make(inputs, 1)
		return json.Unmarshal(data, &(*i)[0])
	}
	var list []*string
	if err := json.Unmarshal(data, &list); err != nil || list == nil {
		return refuse(http.StatusBadRequest, "inputs must be a text or a list of texts")
	}
	*i = make(inputs, len(list))
	for n, text := range list {
		if text == nil {
			return refuse(http.StatusBadRequest, "inputs[%d] is null, expected a text", n)
		}
		(*i)[n] = *text
	}
	return nil
}

// readRequest reads a body like {"inputs": "a text", "parameters": {"top_k": 1}}. Members that other endpoints know, such as
// truncation, are passed over, but not a function other than the softmax: its scores would be wrong.
func readRequest(body io.Reader, limits Limits) (r request, err error) {
	data, err := io.ReadAll(body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return r, refuse(http.StatusRequestEntityTooLarge, "the body is longer than %d bytes", large.Limit)
	case err != nil:
		return r, refuse(http.StatusBadRequest, "the body broke off: %v", err)
	case !utf8.Valid(data): // encoding/json would put a replacement character there
		return r, refuse(http.StatusBadRequest, "the body is not UTF-8")
	}
	var asked struct {
		Inputs     inputs `json:"inputs"`
		Parameters struct {
			Top      *int   `json:"top_k"`
			Function string `json:"function_to_apply"`
		} `json:"parameters"`
	}
	if err := json.Unmarshal(data, &asked); err != nil {
		if known := (refusal{}); errors.As(err, &known) {
			return r, known
		}
		return r, refuse(http.StatusBadRequest, `the body is not of the form {"inputs": "a text"}: %v`, err)
	}
	if top := asked.Parameters.Top; top != nil {
		if r.top = *top; r.top < 1 {
			return r, refuse(http.StatusBadRequest, "top_k is %d, expected 1 or more", r.top)
		}
	}
	if f := asked.Parameters.Function; f != "" && f != "softmax" {
		return r, refuse(http.StatusBadRequest, "function_to_apply is %q, expected softmax", f)
	}
	r.texts = asked.Inputs
	return r, limits.check(r.texts)
}

func (l Limits) check(texts []string) error {
	if len(texts) == 0 {
		return refuse(http.StatusBadRequest, "inputs has no text")
	}
	if len(texts) > l.Texts {
		return refuse(http.StatusRequestEntityTooLarge, "inputs has %d texts, the server takes %d in one request", len(texts), l.Texts)
	}
	for i, text := range texts {
		switch {
		case len(text) > l.TextBytes:
			return refuse(http.StatusRequestEntityTooLarge, "inputs[%d] has %d bytes, the server takes %d in one text", i, len(text), l.TextBytes)
		case strings.IndexByte(text, 0) >= 0:
			return refuse(http.StatusBadRequest, "inputs[%d] has a NUL character, which no tokenizer reads", i)
		}
	}
	return nil
}
