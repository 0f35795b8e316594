document.title = "gallery";
