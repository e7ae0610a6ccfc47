package main

import (
	"regexp"
	"strings"

	"mslora/internal/hint"
)

// languageCode is what the model hub takes: a code of ISO 639, perhaps with a script or a region behind it, or multilingual.
var languageCode = regexp.MustCompile(`^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*|multilingual)$`)

// languages reads --language, a list of codes. None is no language.
func languages(list string) ([]string, error) {
	if list == "" {
		return nil, nil
	}
	codes := strings.Split(list, ",")
	for i, code := range codes {
		codes[i] = strings.TrimSpace(code)
		if !languageCode.MatchString(codes[i]) {
			return nil, hint.New("give codes of ISO 639 in small letters: en, or en,de", "--language: %q is no language code", codes[i])
		}
	}
	return codes, nil
}
