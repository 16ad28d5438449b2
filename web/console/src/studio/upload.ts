import { ApiError, CSRF, refusalOf } from "../lib/api.ts";

/** Sends a file and tells how much of it has gone; what the service answers. fetch can't tell how far an upload is. */
export function sent<T>(address: string, file: File, progress: (share: number) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.responseType = "json";
    for (const [name, value] of Object.entries(CSRF)) request.setRequestHeader(name, value);
    request.setRequestHeader("Content-Type", "text/csv");
    request.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 0);
    request.onerror = () => reject(new ApiError(0, "unreachable", "The service can't be reached right now."));
    request.onload = () => {
      const answer: unknown = request.response;
      if (request.status < 300) return resolve(answer as T);
      reject(refusalOf(request.status, answer));
    };
    request.send(file);
  });
}
