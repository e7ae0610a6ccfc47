package classifier

import (
	"strings"
	"testing"
)

func TestSavable(t *testing.T) {
	if err := Savable("bert-12x384"); err != nil {
		t.Error(err)
	}
	for _, architecture := range []string{"roberta-12x768", "llama-30x576"} {
		if err := Savable(architecture); err == nil || !strings.Contains(err.Error(), "the model is a "+architecture) {
			t.Errorf("%s: got %v", architecture, err)
		}
	}
}
