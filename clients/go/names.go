package synthserve

import (
	"strconv"
	"strings"
)

// resourceName turns what a person types into a resource name: iris-vae, iris-vae@2, or one in full. Whether there is
// such a model is for the server to say.
func resourceName(name string) (string, error) {
	if strings.HasPrefix(name, "models/") {
		return name, nil
	}
	model, version, versioned := strings.Cut(name, "@")
	if model == "" || strings.Contains(name, "/") {
		return "", notAName(name)
	}
	if !versioned {
		return "models/" + model, nil
	}
	// Not ParseInt, which takes a sign.
	number, err := strconv.ParseUint(version, 10, 63)
	if err != nil {
		return "", notAName(name)
	}
	return "models/" + model + "/versions/" + strconv.FormatUint(number, 10), nil
}

func notAName(name string) error {
	return invalid("model", "write NAME, NAME@VERSION or a full resource name (models/...), not %.80q", name)
}
