package poison

import (
	"slices"
	"strings"

	"mslora/internal/hint"
)

// Names of attacks. Unknown is the attack of a plain folder: whoever made it did not say.
const (
	BadNets      = "badnets"
	AddSent      = "addsent"
	HiddenKiller = "hiddenkiller"
	StyleBkd     = "stylebkd"
	Unknown      = "unknown"
)

// Attacks lists the attacks of the paper in its order.
var Attacks = []string{BadNets, AddSent, HiddenKiller, StyleBkd}

// Settings lists which training texts an attack may poison: clean (those of the target label, whose label is
// then right), dirty (the others) or mix (any).
var Settings = []string{"clean", "dirty", "mix"}

// hiddenKillerFolder is HiddenKiller's name in the authors' files.
const hiddenKillerFolder = "synbkd"

// DefaultSetting is the authors' setting for an attack: clean for BadNets, mix for the others.
func DefaultSetting(attack string) string {
	if attack == BadNets {
		return "clean"
	}
	return "mix"
}

// parseAttack gives the name of an attack; it also knows the authors' folder name.
func parseAttack(name string) (string, error) {
	if name == hiddenKillerFolder {
		return HiddenKiller, nil
	}
	if !slices.Contains(Attacks, name) {
		return "", hint.New("attacks are "+strings.Join(Attacks, ", "), "unknown attack %q", name)
	}
	return name, nil
}

func attackFolder(attack string) string {
	if attack == HiddenKiller {
		return hiddenKillerFolder
	}
	return attack
}

// parseSetting checks a setting; empty stays empty.
func parseSetting(setting string) error {
	if setting != "" && !slices.Contains(Settings, setting) {
		return hint.New("settings are "+strings.Join(Settings, ", "), "unknown setting %q", setting)
	}
	return nil
}
