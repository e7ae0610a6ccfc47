package dataset

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"mslora/internal/hint"
)

// NoLabel is the label of a row that has none, which only Paraphrased allows.
const NoLabel = -1

const numberClasses = "number the classes from 0, for example 0 for negative and 1 for positive"

// parseLabel reads a class, written as a whole number or, as pandas does with columns that had gaps, as 1.0.
func parseLabel(text string) (int, error) {
	value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		return 0, hint.New(numberClasses, "label %s is not a number", hint.Quote(text))
	}
	return wholeLabel(value)
}

func wholeLabel(value float64) (int, error) {
	label := int(value)
	switch {
	case value < 0:
		return 0, hint.New(numberClasses, "label %v is negative", value)
	case value >= 1<<31 || float64(label) != value: // also infinity and not-a-number
		return 0, hint.New(numberClasses, "label %v is not a class number", value)
	}
	return label, nil
}

func parseFlag(text string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "0", "0.0", "false":
		return false, nil
	case "1", "1.0", "true":
		return true, nil
	}
	return false, hint.New("write 1 for a poisoned text and 0 for a clean one", "poison flag %s is neither 0 nor 1", hint.Quote(text))
}

// CheckText refuses what a tokenizer would silently cut or change. Blank text is judged by the caller.
func CheckText(text string) error {
	if !utf8.ValidString(text) {
		return hint.New("save the file as UTF-8 with the broken characters written again, or leave such rows out with --skip-bad; if the whole file is in another encoding, name it with --encoding",
			"the text is not valid UTF-8")
	}
	if strings.IndexByte(text, 0) >= 0 {
		return hint.New("remove the NUL bytes; tokenizers lose what follows them", "the text has a NUL byte")
	}
	return nil
}
